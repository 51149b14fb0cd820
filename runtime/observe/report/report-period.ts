import {
  latestReportKey,
  reportKey,
  type BackupReport,
  type Component,
  type Objectives,
  type ReportedRun,
} from '../../../model';
import { surveyRuns, type SurveyedRun } from '../../catalog/survey';
import type { ObjectStore } from '../../store/store';
import { endOf, LONGEST_RUN_MS } from '../status/failed-runs';
import { readStatus } from '../status/read-status';
import { periodReport, type Period } from './compose-report';
import { describeRun } from './describe-run';

const DAY_MS = 86_400_000;
const LENGTH_MS = { day: DAY_MS, week: 7 * DAY_MS } as const;

/** Manifests read at once: each may be some MB. */
const READ_AT_ONCE = 4;

export interface PeriodRequest {
  readonly kind: Period['kind'];
  readonly source: string;
  /** What must be there: one that never ran is missing, not absent. */
  readonly components: readonly Component[];
  readonly objectives: Objectives;
  readonly now: Date;
}

/**
 * Reports on all runs of a source that ended in the last day or week, and on how its backups stand; stored in the vault, a
 * day's also as the newest. Throws when it cannot be found out.
 */
export async function reportPeriod(
  store: ObjectStore,
  { kind, source, components, objectives, now }: PeriodRequest,
): Promise<BackupReport> {
  const from = new Date(now.getTime() - LENGTH_MS[kind]);
  const status = await readStatus(store, source, now, components);
  const runs = new Map<Component, ReportedRun[]>();
  for (const { component } of status.components) {
    const ended = (await surveyRuns(store, source, component)).filter((run) => isIn(run, from, now));
    runs.set(component, await describeAll(store, ended, now));
  }
  const report = periodReport({ kind, from, to: now }, status, objectives, runs);
  await writeReport(store, reportKey(source, now, kind), report);
  if (kind === 'day') await writeReport(store, latestReportKey(source), report);
  return report;
}

/** Reports on their way are written over nothing: the vault keeps every version. */
export async function writeReport(store: ObjectStore, key: string, report: BackupReport): Promise<void> {
  const body = Buffer.from(`${JSON.stringify(report, null, 1)}\n`);
  await store.put(key, body, { contentType: 'application/json' });
}

/** One that was killed has ended when that could be known; one at work is in every period. */
function isIn(run: SurveyedRun, from: Date, now: Date): boolean {
  const ended = endOf(run, now);
  if (!ended) return run.startedAt !== undefined;
  const knownMs = ended.endedAt.getTime() + (ended.end === 'vanished' ? LONGEST_RUN_MS : 0);
  return knownMs >= from.getTime();
}

async function describeAll(store: ObjectStore, runs: readonly SurveyedRun[], now: Date): Promise<ReportedRun[]> {
  const described: ReportedRun[] = [];
  for (let next = 0; next < runs.length; next += READ_AT_ONCE) {
    const batch = runs.slice(next, next + READ_AT_ONCE);
    described.push(...(await Promise.all(batch.map((run) => describeRun(store, run, now)))));
  }
  return described;
}
