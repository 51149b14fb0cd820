/** The slot that keeps the log until it is archived, and where receiving begins. */
import { formatLsn } from '../../../model';
import type { BackupError } from '../../errors';
import { BackupError as Failure } from '../../errors';
import { WalArchive } from '../archive';
import type { ReceivedServer } from './received-server';
import { archivedRanges, boundary, startOf, timelineAt, type StartPosition } from './start-position';
import type { ReceiveContext, ReceiveRequest } from './types';

export interface PreparedSlot {
  readonly start: StartPosition;
  /** From here on the server keeps its log. */
  readonly keptFrom: bigint;
  /** The slot was not there, or had been given up. */
  readonly isNew: boolean;
}

export async function prepareSlot(
  server: ReceivedServer,
  { source, slotName }: ReceiveRequest,
  { store, warn }: ReceiveContext,
): Promise<PreparedSlot> {
  const { segmentBytes, log } = server;
  const archived = await archivedRanges(new WalArchive(store, source), log, segmentBytes);
  const { slot } = await server.look();
  const isNew = slot?.keptFrom === undefined;
  if (slot && isNew) warn(`the server gave slot "${slotName}" up (${slot.status}): it is made anew`);
  const keptFrom = slot?.keptFrom ?? (await server.makeSlot(slot));
  const lsn = startOf({ archived, keptFrom, segmentBytes });
  // At once, not at the first look: a receiver that is ended again and again before it would let the server drop nothing.
  if (lsn > keptFrom) await server.release(lsn);
  return { start: { lsn, timeline: timelineAt(lsn, log) }, keptFrom, isNew };
}

/** Where it goes on behind a gap: with the first segment that the server keeps whole. */
export function afterGap({ keptFrom }: PreparedSlot, { segmentBytes, log }: ReceivedServer): StartPosition {
  const lsn = boundary(keptFrom, segmentBytes);
  return { lsn, timeline: timelineAt(lsn, log) };
}

/** What the server deleted before it was archived. */
export function gapFailure({ start, keptFrom }: PreparedSlot, slotName: string, cause: BackupError): Failure {
  const gap = `from ${formatLsn(start.lsn)} on, up to ${formatLsn(keptFrom)} at most`;
  return new Failure('wal-missing', `the server no longer has the log that the archive lacks, ${gap}`, {
    detail: cause.detail,
    hint:
      `Slot "${slotName}" was missing or was given up (max_slot_wal_keep_size). Moments behind the gap need a base backup of ` +
      'behind it: start with --on-gap go-on, and make one at once. `postgres-backup wal-check` names the gap as long as a kept base backup needs it.',
    cause,
  });
}
