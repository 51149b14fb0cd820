/** Starts the backup of one component and follows it until the vault says how it ended. */
import { createHash } from 'node:crypto';
import {
  manifestItems,
  MANIFEST_NAME,
  pointId,
  pointPrefix,
  type Manifest,
  type PointAddress,
  type SetMember,
} from '../../model';
import { readManifest } from '../catalog/manifest-reader';
import { readText } from '../catalog/read-text';
import { addressOf } from '../catalog/run-id';
import { surveyRun, type SurveyedRun } from '../catalog/survey';
import { readOutcome } from '../catalog/verification-record';
import { BackupError, toBackupError } from '../errors';
import { formatBytes, formatDuration } from '../observe/format';
import type { Reporter, Step } from '../observe/reporter';
import { describeFailure, endOf } from '../observe/status/failed-runs';
import type { ObjectStore } from '../store/store';
import { Outage, startedWithPatience, stateNow } from './patience';
import type { StartedTask, StartRequest, TaskStarter } from './task';

export interface FollowContext {
  readonly store: ObjectStore;
  readonly source: string;
  readonly starter: TaskStarter;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Between two looks. Throws the signal's reason when that fires. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
  /** Whether to wait for the verification too, which a deployed function does. */
  readonly until: 'made' | 'verified';
  /** A component that takes longer is late, and has failed; its task goes on. @default as long as it takes */
  readonly patienceMs?: number;
  /** From when that is counted: what begins late has no more time than the rest. @default when it begins */
  readonly begunAt?: Date;
}

/** Never throws but for the signal: that a component failed is a part of the report. */
export async function followTask(request: StartRequest, context: FollowContext): Promise<SetMember> {
  const begunAt = context.now();
  const step = context.reporter.begin(request.component);
  try {
    const before = await surveyRun(context.store, addressOfRun(request, context));
    const task = before?.manifestAt ? MADE_BEFORE : await startedWithPatience(request, step, context);
    step.detail(task.description);
    const made = await waitForPoint(request, task, step, context, before);
    const member = memberOf(request, made, context.now().getTime() - begunAt.getTime());
    if (member.outcome === 'passed') step.done(`${made.point}, ${formatBytes(member.storedBytes)}`);
    else step.failed(member.error?.message ?? member.outcome);
    return member;
  } catch (thrown) {
    context.signal.throwIfAborted();
    const error = toBackupError(thrown);
    step.failed(error.message);
    return failedMember(request, error, context.now().getTime() - begunAt.getTime());
  }
}

/** What another attempt made is not made again. */
const MADE_BEFORE: StartedTask = {
  description: 'made before',
  state: async () => ({ ended: true, exitCode: 0, reason: 'it was made before' }),
};

interface MadePoint {
  readonly point: string;
  readonly manifest: Manifest;
  readonly manifestSha256: string;
  readonly verification: SetMember['outcome'] | 'not verified';
}

async function waitForPoint(
  request: StartRequest,
  task: StartedTask,
  step: Step,
  context: FollowContext,
  before: SurveyedRun | undefined,
): Promise<MadePoint> {
  const begunAt = context.begunAt ?? context.now();
  const outage = new Outage();
  let hasEnded = false;
  for (;;) {
    const made = await lookForPoint(request, context, before).catch((error: unknown) =>
      outage.bear(error, context.now()),
    );
    if (made !== 'not known') outage.isOver();
    if (made === 'not known') step.detail('the vault does not answer now');
    else if (made && (context.until === 'made' || made.verification !== 'not verified')) return made;
    else if (made) step.detail(`${made.point} is there; it is being verified`);
    else {
      // What it wrote last may be there only at the next look.
      const state = await stateNow(task);
      if (state.ended && hasEnded) throw endedWithoutPoint(task, state);
      hasEnded = state.ended;
      step.detail(`${task.description}: ${state.ended ? 'ended' : state.status}`);
    }
    refuseLate(task, begunAt, context);
    await context.wait(context.signal);
  }
}

function refuseLate({ description }: StartedTask, begunAt: Date, { now, patienceMs = Infinity }: FollowContext): void {
  if (now().getTime() - begunAt.getTime() <= patienceMs) return;
  throw new BackupError('task-failed', `${description} is late: not done after ${formatDuration(patienceMs)}`, {
    hint: 'It goes on; postgres-backup status tells how it ends. Plan more time between two sets, or give the task more CPU.',
  });
}

/**
 * Throws what the run itself left word of, when it failed.
 *
 * @param before what there was of it before it was started: the end of an attempt before this one says nothing of this one
 */
export async function lookForPoint(
  request: StartRequest,
  { store, source, now }: Pick<FollowContext, 'store' | 'source' | 'now'>,
  before?: SurveyedRun,
): Promise<MadePoint | undefined> {
  const address = addressOfRun(request, { source });
  const run = await surveyRun(store, address);
  const end = run && endOf(run, now());
  if (!run || !end || (end.end !== 'succeeded' && isEndOf(before, run))) return undefined;
  if (end.end !== 'succeeded') {
    const { code, message } = await describeFailure(store, end);
    throw new BackupError('task-failed', message, { detail: code });
  }
  const prefix = pointPrefix(address);
  const text = await readText(store, `${prefix}${MANIFEST_NAME}`);
  if (text === undefined) return undefined;
  return {
    point: pointId(address),
    manifest: readManifest(text, prefix),
    manifestSha256: createHash('sha256').update(text).digest('hex'),
    verification: await readOutcome(store, prefix, text),
  };
}

function addressOfRun(
  { component, class: retention, time }: StartRequest,
  { source }: Pick<FollowContext, 'source'>,
): PointAddress {
  return addressOf({ source, component, class: retention, scheduledAt: time, startedAt: time });
}

/** No record of failing has come since. */
function isEndOf(before: SurveyedRun | undefined, now: SurveyedRun): boolean {
  return before !== undefined && before.failureName === now.failureName;
}

function endedWithoutPoint(
  { description }: StartedTask,
  { exitCode, reason }: { exitCode: number | null; reason: string },
): BackupError {
  const code = exitCode === null ? 'without an exit code' : `with exit code ${exitCode}`;
  return new BackupError('task-failed', `${description} ended ${code} and left no recovery point`, {
    detail: reason || undefined,
    hint: 'Its log says why.',
  });
}

function memberOf({ component }: StartRequest, made: MadePoint, durationMs: number): SetMember {
  const { verification, manifest } = made;
  const outcome = verification === 'not verified' ? 'passed' : verification;
  return {
    component,
    outcome,
    point: made.point,
    manifestSha256: made.manifestSha256,
    durationMs,
    storedBytes: manifest.totals.storedBytes,
    items: manifestItems(manifest),
    error:
      outcome === 'passed'
        ? null
        : { code: 'object-damaged', message: `its verification ended as ${JSON.stringify(outcome)}`, detail: null },
  };
}

function failedMember({ component }: StartRequest, error: BackupError, durationMs: number): SetMember {
  const { code, message, detail } = error;
  return {
    component,
    outcome: 'failed',
    point: null,
    manifestSha256: null,
    durationMs,
    storedBytes: 0,
    items: 0,
    error: { code, message, detail: detail ?? null },
  };
}
