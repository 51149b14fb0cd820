import { timelineName, segmentAt } from './wal';
import { formatLsn, parseLsn, type LsnRange } from './wal-lsn';

/**
 * Timelines: each promotion begins a new one, and its history file tells where it left the one before. What recovery needs on
 * the way to a position follows from that.
 */

/** One ancestor, as a line of a history file tells it. */
export interface TimelineOrigin {
  readonly timeline: number;
  /** The next timeline begins here: what the ancestor holds from here on is not part of its history. */
  readonly switchedAt: bigint;
}

/** A stretch of the log that recovery reads from one timeline. */
export interface TimelineStretch extends LsnRange {
  readonly timeline: number;
}

/**
 * Reads a history file: the ancestors, oldest first; nothing when it is not one. Empty lines and comments are allowed, as
 * PostgreSQL allows them.
 */
export function parseHistory(text: string): readonly TimelineOrigin[] | undefined {
  const origins: TimelineOrigin[] = [];
  for (const line of text.split('\n')) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const [, timeline, position] = /^\s*(\d{1,10})\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)(?:\s|$)/.exec(line) ?? [];
    const switchedAt = position === undefined ? undefined : parseLsn(position);
    const before = origins.at(-1);
    if (switchedAt === undefined || Number(timeline) <= (before?.timeline ?? 0)) return undefined;
    if (before && switchedAt < before.switchedAt) return undefined;
    origins.push({ timeline: Number(timeline), switchedAt });
  }
  return origins.length > 0 ? origins : undefined;
}

/** What its history file is called; timeline 1 has none. */
export function historyName(timeline: number): string {
  return `${timelineName(timeline)}.history`;
}

/**
 * Which timeline holds which part of a stretch that ends on `timeline`.
 *
 * @param origins of `timeline`; none for the first.
 */
export function stretchesOf(
  timeline: number,
  origins: readonly TimelineOrigin[],
  { from, to }: LsnRange,
): TimelineStretch[] {
  const stretches: TimelineStretch[] = [];
  let begin = 0n;
  for (const origin of [...origins, { timeline, switchedAt: to > from ? to : from }]) {
    const end = origin.timeline === timeline ? to : origin.switchedAt;
    const stretch = { timeline: origin.timeline, from: max(begin, from), to: end < to ? end : to };
    if (stretch.from < stretch.to) stretches.push(stretch);
    begin = max(begin, end);
  }
  return stretches;
}

/**
 * The segments that recovery reads for a stretch that ends on `timeline`, in order. The segment in which a timeline was left is
 * read from the newer one, which holds the beginning of it too.
 */
export function segmentsNeeded(
  timeline: number,
  origins: readonly TimelineOrigin[],
  range: LsnRange,
  segmentBytes: number,
): string[] {
  if (range.to < range.from) {
    throw new RangeError(`the log does not run from ${formatLsn(range.from)} to ${formatLsn(range.to)}`);
  }
  if (range.to === range.from) return [];
  const size = BigInt(segmentBytes);
  // A child's stretch reaches back to the beginning of the segment that it begins in.
  const begins = [...origins.map(({ timeline: id }) => id), timeline].map((id, index) => ({
    timeline: id,
    firstSegment: index === 0 ? 0n : origins[index - 1].switchedAt / size,
  }));
  const names: string[] = [];
  for (let number = range.from / size; number * size < range.to; number += 1n) {
    const owner = begins.filter(({ firstSegment }) => firstSegment <= number).at(-1) ?? begins[0];
    names.push(segmentAt(owner.timeline, number * size, segmentBytes));
  }
  return names;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
