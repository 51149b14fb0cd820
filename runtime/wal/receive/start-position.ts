/** Where receiving begins: with the first segment that the server keeps for us and the archive lacks, or where the archive ends. */
import type { LsnRange } from '../../../model';
import type { WalArchive } from '../archive';
import type { ReplicationServer } from './replication-command';

export interface StartPosition {
  readonly timeline: number;
  /** The first byte of a segment. */
  readonly lsn: bigint;
}

export interface StartQuestion {
  /** What is archived on the way to the server's timeline: see {@link archivedRanges}. */
  readonly archived: readonly LsnRange[];
  /** From here on the server keeps its log. */
  readonly keptFrom: bigint;
  readonly segmentBytes: number;
}

/**
 * What is archived in one piece from there on is not received again: a slot stays far behind where the receiver was killed again and
 * again, or where the server crashed before it noted how far the slot was, and may have deleted what lies between. What is neither
 * archived nor kept is asked for all the same: the server may have it still.
 */
export function startOf({ archived, keptFrom, segmentBytes }: StartQuestion): bigint {
  const kept = boundary(keptFrom, segmentBytes);
  const end = archived.at(-1)?.to;
  if (end === undefined) return kept;
  if (end <= kept) return end;
  return archived.find(({ from, to }) => from <= kept && kept < to)?.to ?? kept;
}

/** The timeline that holds this byte, on the way to the server's. */
export function timelineAt(lsn: bigint, { timeline, origins }: ReplicationServer): number {
  return origins.find(({ switchedAt }) => lsn < switchedAt)?.timeline ?? timeline;
}

/** What is archived in full segments on the way to the server's timeline, in order: each range in one piece. By a listing. */
export async function archivedRanges(
  archive: WalArchive,
  { systemIdentifier, timeline, origins }: ReplicationServer,
  segmentBytes: number,
): Promise<LsnRange[]> {
  const ranges: LsnRange[] = [];
  for (const { timeline: owner, switchedAt } of [...origins, { timeline, switchedAt: undefined }]) {
    // The segment in which a timeline was left is needed of the newer one.
    const end = switchedAt === undefined ? undefined : boundary(switchedAt, segmentBytes);
    for (const range of await archive.coveredRanges(systemIdentifier, owner, segmentBytes)) {
      const { from } = range;
      const to = end !== undefined && end < range.to ? end : range.to;
      if (to <= from) continue;
      if (ranges.at(-1)?.to === from) ranges.push({ from: (ranges.pop() as LsnRange).from, to });
      else ranges.push({ from, to });
    }
  }
  return ranges;
}

export function boundary(lsn: bigint, segmentBytes: number): bigint {
  return (lsn / BigInt(segmentBytes)) * BigInt(segmentBytes);
}
