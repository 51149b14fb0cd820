/**
 * Parts of segments that are not full yet: what a receiver has of the newest one, so that what is lost with the server is seconds
 * of work and not a segment.
 *
 *     <source>/wal/<system identifier>/partials/<segment>-<bytes of log in it, hexadecimal>.zst
 *
 * Each is a whole segment with zeros after the log, which PostgreSQL takes for its end. A longer one says all that a shorter one
 * says; a segment that is archived whole says more than any.
 */
import { parseWalFile, segmentStart, WAL_SUFFIX, walSystemPrefix } from './wal';

export interface WalPartial {
  /** As PostgreSQL calls it. */
  readonly segment: string;
  readonly timeline: number;
  /** Of log, from the segment's beginning; what follows is zeros. */
  readonly lengthBytes: number;
}

/** A partial with when the store received it, by its own clock. */
export interface StoredPartial extends WalPartial {
  readonly key: string;
  readonly storedAt: Date;
}

export function walPartialsPrefix(source: string, systemIdentifier: string): string {
  return `${walSystemPrefix(source, systemIdentifier)}partials/`;
}

export function walPartialKey(source: string, systemIdentifier: string, partial: WalPartial): string {
  const length = partial.lengthBytes.toString(16).toUpperCase().padStart(8, '0');
  return `${walPartialsPrefix(source, systemIdentifier)}${partial.segment}-${length}${WAL_SUFFIX}`;
}

/** Reads a key back; nothing when it is not laid out as {@link walPartialKey} does. */
export function parseWalPartialKey(source: string, systemIdentifier: string, key: string): WalPartial | undefined {
  const [, segment = '', length = ''] = /([0-9A-F]{24})-([0-9A-F]{8})\.zst$/.exec(key) ?? [];
  const file = parseWalFile(segment);
  if (file?.kind !== 'segment') return undefined;
  const partial = { segment, timeline: file.timeline, lengthBytes: parseInt(length, 16) };
  const isOne = partial.lengthBytes > 0 && key === walPartialKey(source, systemIdentifier, partial);
  return isOne ? partial : undefined;
}

/** The longest of each segment. */
export function longestPartials<Partial extends WalPartial>(partials: readonly Partial[]): Map<string, Partial> {
  const longest = new Map<string, Partial>();
  for (const partial of partials) {
    if (partial.lengthBytes > (longest.get(partial.segment)?.lengthBytes ?? 0)) longest.set(partial.segment, partial);
  }
  return longest;
}

/** Somebody may be reading it who saw no better one. */
export const KEEP_PARTIAL_SECONDS = 3600;

/**
 * Which partials may end: those of which more is archived, whole or in a longer one, and those of before all that is needed.
 *
 * @param whole names of the segments that are archived whole.
 * @param needed what no kept base backup needs lies before it; nothing when that is not known.
 */
export function partialsToExpire<Partial extends StoredPartial>(
  partials: readonly Partial[],
  whole: ReadonlySet<string>,
  needed: { readonly from: bigint; readonly segmentBytes: number } | undefined,
  now: Date,
): Partial[] {
  if (!(now.getTime() > 0)) throw new RangeError(`the time is ${String(now)}: nothing can be old`);
  const longest = longestPartials(partials);
  return partials.filter((partial) => {
    const { segment, lengthBytes, storedAt } = partial;
    // An absent time reads as 1970, or as no number.
    const isOld = storedAt.getTime() > 0 && now.getTime() - storedAt.getTime() >= KEEP_PARTIAL_SECONDS * 1000;
    if (!isOld) return false;
    const start = needed && segmentStart(segment, needed.segmentBytes);
    const isPassed = needed !== undefined && start !== undefined && start + BigInt(needed.segmentBytes) <= needed.from;
    return isPassed || whole.has(segment) || lengthBytes < (longest.get(segment)?.lengthBytes ?? 0);
  });
}
