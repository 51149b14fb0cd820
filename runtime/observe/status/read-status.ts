import { DRILLED_COMPONENTS, type Component, type RetentionClass } from '../../../model';
import { BackupError } from '../../errors';
import { surveyRuns, type SurveyedRun } from '../../catalog/survey';
import { POINT_COMPONENTS } from '../../components/registry';
import type { ObjectStore } from '../../store/store';
import { readDrillStatus } from './drill-status';
import { readFailedRuns } from './failed-runs';
import { findNewest } from './newest-point';
import { findNotGood } from './not-good-points';
import { findOldestVerification } from './oldest-verification';
import { readSetsStatus } from './set-status';
import { datedRuns, type DatedRun } from './dated-run';
import type { ComponentStatus, SourceStatus } from './source-status';

/** A clock that is this far behind the store's cannot tell an age. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/**
 * Reads how a source's backups stand. Throws when it cannot be found out: the store does not answer, does not say when it
 * received something, or this machine's clock is wrong. A source that has nothing in the vault is no error, but a status.
 */
export async function readStatus(
  store: ObjectStore,
  source: string,
  now: Date,
  expected: ExpectedComponents = 'whatever is there',
): Promise<SourceStatus> {
  const components: ComponentStatus[] = [];
  for (const component of expected === 'whatever is there' ? POINT_COMPONENTS : expected) {
    const runs = await surveyRuns(store, source, component);
    if (runs.length === 0 && expected === 'whatever is there' && component !== 'dump') continue;
    const status = await componentStatus(store, runs, component, now);
    components.push({ ...status, ...(await drillsOf(store, source, status)) });
  }
  const dump = components.find(({ component }) => component === 'dump');
  const drills = dump && (await readDrillStatus(store, source, dump.newest?.storedBytes));
  const sets = await readSetsStatus(store, source);
  return { source, vault: store.uri, at: now, components, ...(sets && { sets }), ...(drills && { drills }) };
}

/** Those of the dump are told with the source. */
async function drillsOf(
  store: ObjectStore,
  source: string,
  { component, newest }: ComponentStatus,
): Promise<Pick<ComponentStatus, 'drills'>> {
  const drilled = DRILLED_COMPONENTS.find((one) => one === component && one !== 'dump');
  const drills = drilled && (await readDrillStatus(store, source, newest?.storedBytes, drilled));
  return drills ? { drills } : {};
}

/**
 * Components that must be there, or, where nobody said, those that left anything in the vault. A dump is always looked for: a
 * source without a trace must not look like one without components.
 */
export type ExpectedComponents = readonly Component[] | 'whatever is there';

async function componentStatus(
  store: ObjectStore,
  runs: readonly SurveyedRun[],
  component: Component,
  now: Date,
): Promise<ComponentStatus> {
  refuseWrongClocks(runs, store, now);
  const points = datedRuns(runs);
  const { newest, newestVerified, passedOver } = await findNewest(store, points);
  const oldest = points.at(-1);
  return {
    component,
    newest,
    newestVerified,
    oldest: oldest ? { address: oldest.run.address, begunAt: oldest.begunAt } : null,
    oldestVerification: await findOldestVerification(store, runs),
    kept: countByClass(points),
    notGood: await findNotGood(store, points, passedOver),
    failedRuns: await readFailedRuns(store, runs, now),
  };
}

/** An age by a clock that is wrong would be wrong without a word. */
function refuseWrongClocks(runs: readonly SurveyedRun[], store: ObjectStore, now: Date): void {
  for (const { prefix, startedAt, manifestAt, failedAt, verifiedAt } of runs) {
    for (const time of [startedAt, manifestAt, failedAt, verifiedAt]) {
      if (time === undefined) continue;
      // An absent time reads as 1970, or as no number.
      if (!(time.getTime() > 0)) {
        throw new BackupError('store-failed', `${store.uri} does not say when it received what lies in ${prefix}`);
      }
      if (time.getTime() > now.getTime() + CLOCK_TOLERANCE_MS) {
        throw new BackupError('store-failed', `the clocks of this machine and of ${store.uri} do not agree`, {
          detail: `The store received ${prefix} at ${time.toISOString()}; here it is ${now.toISOString()}.`,
          hint: 'Set the clock of this machine.',
        });
      }
    }
  }
}

function countByClass(points: readonly DatedRun[]): Partial<Record<RetentionClass, number>> {
  const counts: Partial<Record<RetentionClass, number>> = {};
  for (const { run } of points) counts[run.address.class] = (counts[run.address.class] ?? 0) + 1;
  return counts;
}
