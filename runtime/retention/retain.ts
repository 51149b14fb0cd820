/**
 * One run of the retaining function: plans, marks, and tells each end with its reason. What could not be done is thrown at the
 * end, for the platform to repeat and to keep; to repeat is safe.
 */
import type { MetricKey } from '../../model';
import { BackupError, toBackupError } from '../errors';
import { formatNumberOf } from '../observe/format';
import { logLine } from '../observe/log-line';
import { metricLine } from '../observe/metrics';
import type { ObjectStore } from '../store/store';
import { applyRetention } from './apply-retention';
import { endMirrored } from './mirrored/end-mirrored';
import { planRetention } from './plan-retention';
import type { PlannedRun, RetentionPlan, RetentionRequest, RetentionResult } from './types';

/** What the function works with; a test gives what it wants to see. */
export interface Surroundings {
  readonly request: RetentionRequest;
  readonly store: ObjectStore;
  /** Takes whole lines of the log. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
  /** Until the platform ends the function. */
  readonly remainingMs: () => number;
}

export async function retain(surroundings: Surroundings): Promise<void> {
  const { request, store, now } = surroundings;
  try {
    const { plan, result } = await withinTime(surroundings, async (signal) => {
      const context = { store, signal, now };
      const planned = await planRetention(request, context);
      return { plan: planned, result: await applyRetention(planned, context) };
    });
    tell(plan, result, surroundings);
    if (result.failed.length > 0) throw notMarked(result.failed);
    if (request.component === 'objects') await endMirroredVersions(surroundings);
    count({ retentionSucceeded: 1, retentionFailed: 0, pointsExpired: newlyEnded(result).length }, surroundings);
  } catch (thrown) {
    count({ retentionSucceeded: 0, retentionFailed: 1 }, surroundings);
    throw toBackupError(thrown);
  }
}

/** After the recovery points: of what is marked now, the inventories still hold what they name. */
async function endMirroredVersions(surroundings: Surroundings): Promise<void> {
  const { request, store, now, write } = surroundings;
  const ended = await withinTime(surroundings, (signal) =>
    endMirrored({ source: request.source, mode: 'mark' }, { store, signal, now }),
  );
  for (const { mirror, versions, sizeBytes } of ended.mirrors) {
    write(logLine(now(), { level: 'info', event: 'mirrored-expired', mirror, versions, sizeBytes }));
  }
}

/** Kept for telling how it ended. */
const ENDING_MS = 10_000;

async function withinTime<T>({ remainingMs }: Surroundings, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () =>
    controller.abort(
      new BackupError('deadline-exceeded', 'the time that the function may take was over', {
        hint: 'What is marked stays marked; the next run goes on.',
      }),
    );
  const timer = setTimeout(stop, Math.max(0, remainingMs() - ENDING_MS));
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

function tell({ runs }: RetentionPlan, result: RetentionResult, { write, now }: Surroundings): void {
  for (const run of result.marked.filter(({ action }) => action === 'expire')) {
    const { point, class: retentionClass, kind, reason, storedAt } = run;
    const fields = { point, class: retentionClass, kind, storedAt: storedAt.toISOString(), reason };
    write(logLine(now(), { level: 'info', event: 'expired', ...fields }));
  }
  for (const { run, error } of result.failed) {
    const { code, message, detail } = error;
    write(logLine(now(), { level: 'error', event: 'not-expired', point: run.point, code, message, detail }));
  }
  write(
    logLine(now(), {
      level: 'info',
      event: 'retention',
      runs: runs.length,
      kept: runs.filter(({ action }) => action === 'keep').length,
      marked: result.marked.length,
      versions: result.versions,
      failed: result.failed.length,
    }),
  );
}

/** Without those that an earlier run began to end. */
function newlyEnded({ marked }: RetentionResult): PlannedRun[] {
  return marked.filter(({ action, kind }) => action === 'expire' && kind === 'recovery point');
}

function notMarked(failed: RetentionResult['failed']): BackupError {
  const [{ run, error }] = failed;
  return new BackupError(
    error.code,
    `${formatNumberOf(failed.length, 'run')} could not be marked; ${run.point}: ${error.message}`,
    {
      detail: error.detail,
      hint: error.hint,
      cause: error,
    },
  );
}

function count(values: Partial<Record<MetricKey, number>>, { request, write, now }: Surroundings): void {
  const { source, component } = request;
  write(metricLine(now(), { source, component, values }));
}
