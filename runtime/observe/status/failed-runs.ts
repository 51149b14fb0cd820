import { FAILURE_NAME, type RetentionClass } from '../../../model';
import { readListed } from '../../catalog/read-text';
import type { SurveyedRun } from '../../catalog/survey';
import type { ObjectStore } from '../../store/store';
import type { FailedRun } from './source-status';

/** A run that left neither a manifest nor a record of failing is at work no longer after this time: the longest deadline of a schedule. */
export const LONGEST_RUN_MS = 12 * 3600_000;

/**
 * For each class whose last run that ended is a failed one, that run; the newest first. A run of the class that succeeds
 * clears it. Each class by itself, because the next hourly one says nothing of the monthly one that is missing.
 */
export async function readFailedRuns(
  store: ObjectStore,
  runs: readonly SurveyedRun[],
  now: Date,
): Promise<FailedRun[]> {
  const last = new Map<RetentionClass, EndedRun>();
  for (const run of runs) {
    const ended = endOf(run, now);
    const other = last.get(run.address.class);
    if (ended && (!other || ended.endedAt > other.endedAt)) last.set(run.address.class, ended);
  }
  const failed = [...last.values()]
    .filter(({ end }) => end !== 'succeeded')
    .sort((a, b) => b.endedAt.getTime() - a.endedAt.getTime());
  return Promise.all(failed.map((ended) => describeFailure(store, ended)));
}

export interface EndedRun {
  readonly run: SurveyedRun;
  readonly end: 'succeeded' | 'failed' | 'vanished';
  readonly endedAt: Date;
}

/** Nothing for a run that may be at work. */
export function endOf(run: SurveyedRun, now: Date): EndedRun | undefined {
  if (run.manifestAt) return { run, end: 'succeeded', endedAt: run.manifestAt };
  if (run.failedAt) return { run, end: 'failed', endedAt: run.failedAt };
  if (run.startedAt && now.getTime() - run.startedAt.getTime() > LONGEST_RUN_MS) {
    return { run, end: 'vanished', endedAt: run.startedAt };
  }
  return undefined;
}

/** What the run itself recorded, of one that did not succeed. */
export async function describeFailure(store: ObjectStore, { run, end, endedAt }: EndedRun): Promise<FailedRun> {
  const failure = { address: run.address, failedAt: endedAt };
  if (end === 'vanished') {
    return { ...failure, code: 'terminated', message: 'it began and left no word of its end: it was killed' };
  }
  const text = await readListed(store, `${run.prefix}${run.failureName ?? FAILURE_NAME}`);
  return { ...failure, ...(parseFailure(text) ?? { code: 'internal', message: 'its record cannot be read' }) };
}

function parseFailure(text: string | undefined): Pick<FailedRun, 'code' | 'message'> | undefined {
  try {
    const record = JSON.parse(text ?? '') as { code?: unknown; message?: unknown; detail?: unknown } | null;
    if (typeof record?.code !== 'string' || typeof record.message !== 'string') return undefined;
    const detail = typeof record.detail === 'string' ? `: ${record.detail}` : '';
    return { code: record.code, message: `${record.message}${detail}` };
  } catch {
    // Not JSON: the caller says so. That the run failed is known without it.
    return undefined;
  }
}
