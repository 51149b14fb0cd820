/** Where receiving begins: where the archive ends, so that there is no gap, or as far back as the server keeps the log for us. */
import { segmentStart, type TimelineOrigin } from '../../../model';
import type { WalArchive } from '../archive';
import type { ReplicationServer } from './replication-command';

export interface StartPosition {
  readonly timeline: number;
  /** The first byte of a segment. */
  readonly lsn: bigint;
}

export interface StartQuestion {
  /** The first byte that is not archived on the way to the server's timeline; nothing when nothing of it is archived. */
  readonly archivedTo: bigint | undefined;
  /** From here on the server keeps its log. */
  readonly keptFrom: bigint;
  readonly segmentBytes: number;
}

/**
 * What is archived already and kept by the server is received once more: the same content again is a success, and nothing is
 * missing whatever happened between. What is neither archived nor kept is asked for all the same: the server may have it still.
 */
export function startOf({ archivedTo, keptFrom, segmentBytes }: StartQuestion): bigint {
  const kept = boundary(keptFrom, segmentBytes);
  return archivedTo === undefined || kept < archivedTo ? kept : boundary(archivedTo, segmentBytes);
}

/** The timeline that holds this byte, on the way to the server's. */
export function timelineAt(lsn: bigint, { timeline, origins }: ReplicationServer): number {
  return origins.find(({ switchedAt }) => lsn < switchedAt)?.timeline ?? timeline;
}

/** By a listing of the timelines from the server's own back to the first that has anything. */
export async function archivedTo(
  archive: WalArchive,
  { systemIdentifier, timeline, origins }: ReplicationServer,
  segmentBytes: number,
): Promise<bigint | undefined> {
  const way: readonly (TimelineOrigin | { readonly timeline: number; readonly switchedAt: undefined })[] = [
    ...origins,
    { timeline, switchedAt: undefined },
  ];
  for (const { timeline: owner, switchedAt } of [...way].reverse()) {
    // The segment in which a timeline was left is needed of the newer one.
    const end = switchedAt === undefined ? undefined : boundary(switchedAt, segmentBytes);
    let newest: bigint | undefined;
    for await (const { file } of archive.files(systemIdentifier, owner)) {
      const start = file.kind === 'segment' ? segmentStart(file.name, segmentBytes) : undefined;
      if (start !== undefined && (end === undefined || start < end)) newest = start + BigInt(segmentBytes);
    }
    if (newest !== undefined) return newest;
  }
  return undefined;
}

export function boundary(lsn: bigint, segmentBytes: number): bigint {
  return (lsn / BigInt(segmentBytes)) * BigInt(segmentBytes);
}
