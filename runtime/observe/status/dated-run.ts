import type { SurveyedRun } from '../../catalog/survey';

/** A run that made a recovery point, with its age. */
export interface DatedRun {
  readonly run: SurveyedRun;
  /** When the store received its first record; what is in the recovery point is no newer than that. */
  readonly begunAt: Date;
}

/**
 * The runs that made a recovery point, the newest first by the store's own clock: what a writer puts into a name makes
 * nothing newer.
 */
export function datedRuns(runs: readonly SurveyedRun[]): DatedRun[] {
  return runs
    .flatMap((run) => (run.manifestAt ? [{ run, begunAt: earlier(run.manifestAt, run.startedAt) }] : []))
    .sort((a, b) => b.begunAt.getTime() - a.begunAt.getTime() || (a.run.prefix < b.run.prefix ? 1 : -1));
}

/** The first record may have been written again since; a run does not begin after its manifest. */
function earlier(manifestAt: Date, startedAt: Date | undefined): Date {
  return startedAt && startedAt < manifestAt ? startedAt : manifestAt;
}
