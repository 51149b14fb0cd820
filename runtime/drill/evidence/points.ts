import { parsePointId, reportKey, type BackupReport, type EvidentPoint, type ReportedRun } from '../../../model';
import { readText } from '../../catalog/read-text';
import { surveyRuns } from '../../catalog/survey';
import type { RunContext } from '../../context';
import { describeRun } from '../../observe/report/describe-run';
import { runBounded } from '../../process/bounded';

const DAY_MS = 86_400_000;
const READ_AT_ONCE = 4;

/**
 * The recovery points of a dump that were made in the period, the newest first: those that are in the vault, and those that
 * ended since and are told of in the reports of their days. What is in the vault counts before what a report said.
 */
export async function readPoints(
  source: string,
  from: Date,
  to: Date,
  context: Pick<RunContext, 'store' | 'signal'>,
): Promise<EvidentPoint[]> {
  const points = new Map<string, EvidentPoint>();
  for (const run of await reportedRuns(source, from, to, context)) {
    const before = points.get(run.point);
    // A later report knows more of one that was pending.
    if (!before || before.outcome === 'pending') points.set(run.point, evident(run, false));
  }
  const surveyed = await surveyRuns(context.store, source, 'dump');
  const inPeriod = surveyed.filter(({ address }) => address.time >= from && address.time <= to);
  const described = await runBounded(
    inPeriod,
    READ_AT_ONCE,
    async (run) => {
      context.signal.throwIfAborted();
      return evident(await describeRun(context.store, run, to), run.manifestAt !== undefined);
    },
    () => undefined,
  );
  for (const point of described) points.set(point.point, point);
  return [...points.values()]
    .filter(({ startedAt }) => new Date(startedAt) >= from)
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}

/** Of each day's report, where there is one. */
async function reportedRuns(
  source: string,
  from: Date,
  to: Date,
  { store, signal }: Pick<RunContext, 'store' | 'signal'>,
): Promise<ReportedRun[]> {
  const days: Date[] = [];
  for (let day = from.getTime(); day <= to.getTime() + DAY_MS; day += DAY_MS) days.push(new Date(day));
  const read = await runBounded(
    days,
    READ_AT_ONCE,
    async (day) => {
      signal.throwIfAborted();
      return runsIn(await readText(store, reportKey(source, day, 'day')));
    },
    () => undefined,
  );
  return read.flat();
}

/** A report that cannot be read tells nothing; what is in the vault still does. */
function runsIn(text: string | undefined): readonly ReportedRun[] {
  if (text === undefined) return [];
  try {
    const report = JSON.parse(text) as Partial<BackupReport> | null;
    return report?.components?.find(({ component }) => component === 'dump')?.runs ?? [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function evident(run: ReportedRun, kept: boolean): EvidentPoint {
  const { point, outcome, storedBytes, items, durationMs } = run;
  const named = parsePointId(point)?.time.toISOString();
  const startedAt = run.startedAt ?? named ?? new Date(0).toISOString();
  return { point, class: run.class, startedAt, outcome, storedBytes, items, durationMs, kept, drill: null };
}
