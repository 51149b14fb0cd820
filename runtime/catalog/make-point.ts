/** The frame around the making of any recovery point: claimed, made, or a record left of why not. */
import { pointId, type Manifest, type PointAddress } from '../../model';
import type { RunContext } from '../context';
import { BackupError, toBackupError } from '../errors';
import { PointWriter } from './point-writer';
import { addressOf } from './run-id';

export type MadePoint<M extends Manifest> =
  | { readonly outcome: 'made'; readonly manifest: M; readonly uri: string; readonly durationMs: number }
  /** Another run owns this scheduled time, or made it meanwhile. */
  | { readonly outcome: 'skipped'; readonly reason: string };

type Request = Pick<PointAddress, 'source' | 'component' | 'class'> & { readonly scheduledAt?: Date };

type Context = Pick<RunContext, 'store' | 'reporter' | 'signal' | 'now' | 'deadlineSeconds'>;

/**
 * Makes one recovery point, the manifest last. Whatever fails leaves no manifest and a failure record; a second run for the same
 * scheduled time is skipped before it does anything.
 *
 * @param make stores everything that the manifest names, and gives the manifest
 */
export async function makePoint<M extends Manifest>(
  request: Request,
  context: Context,
  make: (writer: PointWriter, startedAt: Date) => Promise<M>,
): Promise<MadePoint<M>> {
  const begun = performance.now();
  const startedAt = context.now();
  const { store, reporter, deadlineSeconds } = context;
  const writer = await PointWriter.claim(store, addressOf({ ...request, startedAt }), startedAt, { deadlineSeconds });
  if (writer === 'taken') return { outcome: 'skipped', reason: 'another run is making, or made, this recovery point' };
  if (writer.attempt > 1) reporter.warn(`attempt ${writer.attempt}: those before it failed or were killed`);
  try {
    const manifest = await make(writer, startedAt);
    context.signal.throwIfAborted();
    await writer.finish(manifest);
    return { outcome: 'made', manifest, uri: writer.uri, durationMs: performance.now() - begun };
  } catch (error) {
    if (await isMadeByAnother(writer, error)) {
      return { outcome: 'skipped', reason: 'another attempt made it meanwhile' };
    }
    await leaveRecord(writer, error, context);
    throw error;
  }
}

/** Nothing failed: the recovery point is there, and this attempt came after. */
async function isMadeByAnother(writer: PointWriter, error: unknown): Promise<boolean> {
  return error instanceof BackupError && error.code === 'store-conflict' && (await writer.isTakenOver());
}

/** The failure is thrown either way; that its record could not be written is said, and does not hide it. */
async function leaveRecord(writer: PointWriter, error: unknown, { now, reporter }: Context): Promise<void> {
  try {
    await writer.fail(toBackupError(error), now());
  } catch (unrecorded) {
    const point = pointId(writer.address);
    reporter.warn(`no failure record could be left for ${point}: ${toBackupError(unrecorded).message}`);
  }
}
