/**
 * When what belongs to a dump may be listed: as soon as the dump sees its last database in a snapshot. What is put into a bucket
 * or deleted there while the dump still runs has nothing to do with its rows.
 */
import { isSnapshotName, pointPrefix, snapshotName, type DumpManifest, type SetMember } from '../../model';
import { readPoint } from '../catalog/catalog';
import { addressOf } from '../catalog/run-id';
import { BackupError, toBackupError } from '../errors';
import type { FollowContext } from './follow-task';
import { memberAddress } from './sets';
import type { StartRequest } from './task';

/** Names of the records of snapshots that were there. */
export interface SeenSnapshots {
  /** Before the run began: of an earlier run for the same time. */
  readonly before: readonly string[];
  /** When mirrors and files began; empty when the dump ended before any was seen. */
  readonly atTheirBegin: readonly string[];
}

/** Waits until the dump has its snapshot, or `ended` says that whatever was to come before has ended. */
export async function awaitSnapshot(
  request: StartRequest,
  ended: Promise<unknown>,
  context: Pick<FollowContext, 'store' | 'source' | 'signal' | 'wait'>,
): Promise<readonly string[]> {
  let hasEnded = false;
  // What it throws is thrown where it is waited for.
  const noted = ended.then(
    () => void (hasEnded = true),
    () => void (hasEnded = true),
  );
  while (!hasEnded) {
    // A vault that does not answer ends the waiting when whoever follows the dump has lost patience.
    const seen = await snapshotsOf(request, context).catch(noneIfUnreachable);
    if (seen.length > 0) return seen;
    await Promise.race([noted, context.wait(context.signal)]);
  }
  return [];
}

/**
 * Says why what was listed does not belong to the dump, or nothing: a dump that was begun again, after the snapshot that was seen,
 * holds rows that refer to what came later.
 */
export async function snapshotProblem(
  seen: SeenSnapshots,
  dump: SetMember | undefined,
  set: { readonly source: string; readonly class: StartRequest['class'] },
  { store }: Pick<FollowContext, 'store'>,
): Promise<string | undefined> {
  if (seen.before.length + seen.atTheirBegin.length === 0 || !dump || dump.point === null) return undefined;
  const manifest = await readPoint(store, memberAddress(set, dump)).then(
    (point) => point.manifest as DumpManifest,
    toBackupError,
  );
  if (manifest instanceof BackupError) {
    return `it is not known whether objects and files were listed for the snapshot of the dump: ${manifest.message}`;
  }
  const takenAt = manifest.databases.at(-1)?.snapshotAt ?? '';
  const time = new Date(takenAt);
  const name = Number.isNaN(time.getTime()) ? '' : snapshotName(time);
  // What an earlier run made of mirrors and files it may have listed for any of the snapshots there were then.
  const isOfAnother = seen.before.some((one) => one !== name);
  const isNew = seen.atTheirBegin.length > 0 && !seen.atTheirBegin.includes(name);
  if (!isOfAnother && !isNew) return undefined;
  return (
    `the dump was begun again: its snapshot is of ${takenAt || 'no known moment'}, ` +
    'and objects and files were listed for an earlier one'
  );
}

function noneIfUnreachable(error: unknown): string[] {
  if (error instanceof BackupError && error.code === 'store-unreachable') return [];
  throw error;
}

/** Names of the records that lie beside a dump. */
export async function snapshotsOf(
  { component, class: retention, time }: StartRequest,
  { store, source }: Pick<FollowContext, 'store' | 'source'>,
): Promise<string[]> {
  const prefix = pointPrefix(addressOf({ source, component, class: retention, scheduledAt: time, startedAt: time }));
  const names: string[] = [];
  for await (const entry of store.list(`${prefix}snapshot-`)) {
    const name = entry.kind === 'object' ? entry.key.slice(prefix.length) : '';
    if (isSnapshotName(name)) names.push(name);
  }
  return names;
}
