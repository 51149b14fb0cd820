import { segmentAt, segmentStart } from './wal';
import type { LsnRange } from './wal-lsn';
import { longestPartials, type WalPartial } from './wal-partial';
import type { TimelineOrigin } from './wal-timeline';

/** What of a timeline is archived without a gap. */
export interface TimelineLog {
  readonly timeline: number;
  /** In order, whole segments. */
  readonly ranges: readonly LsnRange[];
}

export interface TimelineGap extends LsnRange {
  readonly timeline: number;
}

/** Where recovery comes to on the way to a timeline. */
export interface ReachedEnd {
  readonly timeline: number;
  readonly to: bigint;
}

/** The part of the log that segments in an archive cover, timeline by timeline, and how far recovery comes in it. */
export class CoveredLog {
  readonly timelines: readonly TimelineLog[];
  private readonly size: bigint;
  private readonly partials: ReadonlyMap<string, WalPartial>;

  constructor(
    segmentBytes: number,
    segments: readonly { readonly name: string; readonly timeline: number }[],
    private readonly histories: ReadonlyMap<number, readonly TimelineOrigin[]>,
    /** What there is of segments that are not archived whole: it counts at the end of the log alone. */
    partials: readonly WalPartial[] = [],
  ) {
    this.partials = longestPartials(partials);
    this.size = BigInt(segmentBytes);
    const starts = new Map<number, bigint[]>();
    for (const { name, timeline } of segments) {
      const start = segmentStart(name, segmentBytes);
      if (start === undefined) continue;
      const known = starts.get(timeline);
      if (known) known.push(start);
      else starts.set(timeline, [start]);
    }
    this.timelines = [...starts]
      .sort(([a], [b]) => a - b)
      .map(([timeline, begins]) => ({ timeline, ranges: rangesOf(begins, this.size) }));
  }

  /** What is missing between the first and the last segment of a timeline, and where one goes over into the next. */
  gaps(): TimelineGap[] {
    return this.timelines.flatMap((log) => [...this.gapsBefore(log), ...gapsWithin(log)]);
  }

  /**
   * How far recovery comes that begins at `from` on a timeline and follows it at least to `stop`: on the timeline itself, and on
   * each that left it later.
   */
  endsFrom(timeline: number, from: bigint, stop: bigint): ReachedEnd[] {
    const known = [...this.timelines, ...this.partials.values()].map((log) => log.timeline);
    return [...new Set([timeline, ...known.sort((a, b) => a - b)])]
      .filter((target) => target === timeline || this.leaves(target, timeline, stop))
      .map((target) => ({ timeline: target, to: this.end(target, from) }));
  }

  private leaves(target: number, timeline: number, stop: bigint): boolean {
    const origin = (this.histories.get(target) ?? []).find((one) => one.timeline === timeline);
    return origin !== undefined && origin.switchedAt >= stop;
  }

  /** The first byte that recovery does not find. */
  private end(target: number, from: bigint): bigint {
    const origins = this.histories.get(target) ?? [];
    const path = [...origins.map(({ timeline }) => timeline), target];
    const begins = path.map((_, index) => (index === 0 ? 0n : this.boundary(origins[index - 1].switchedAt)));
    let position = this.boundary(from);
    for (;;) {
      const owner = Math.max(...begins.map((begin, index) => (begin <= position ? index : -1)));
      const next = begins[owner + 1];
      const ranges = this.timelines.find(({ timeline }) => timeline === path[owner])?.ranges ?? [];
      const range = ranges.find((one) => one.from <= position && position < one.to);
      if (!range) return next === undefined ? position + this.lengthAt(path[owner], position) : position;
      position = next !== undefined && next < range.to ? next : range.to;
    }
  }

  /** Of the log in a segment that is not whole and is the last of its timeline. */
  private lengthAt(timeline: number, start: bigint): bigint {
    const { ranges = [] } = this.timelines.find((log) => log.timeline === timeline) ?? {};
    const isLast = ranges.every(({ from }) => from < start);
    const partial = this.partials.get(segmentAt(timeline, start, Number(this.size)));
    return isLast && partial ? BigInt(partial.lengthBytes) : 0n;
  }

  /** Of a timeline that others left: the segment before its first, on the one it came from. */
  private gapsBefore({ timeline, ranges }: TimelineLog): TimelineGap[] {
    const origin = this.histories.get(timeline)?.at(-1);
    const parent = this.timelines.find((log) => log.timeline === origin?.timeline);
    if (!origin || !parent) return [];
    const begin = this.boundary(origin.switchedAt);
    const first = ranges[0].from;
    const before = parent.ranges.filter((range) => range.from < begin).at(-1);
    return [
      ...(before && before.to < begin ? [{ timeline: parent.timeline, from: before.to, to: begin }] : []),
      ...(first > begin ? [{ timeline, from: begin, to: first }] : []),
    ];
  }

  /** The first byte of the segment that a position is in. */
  private boundary(lsn: bigint): bigint {
    return (lsn / this.size) * this.size;
  }
}

function rangesOf(starts: readonly bigint[], size: bigint): LsnRange[] {
  const ranges: { from: bigint; to: bigint }[] = [];
  for (const from of [...starts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
    const last = ranges.at(-1);
    if (last && from <= last.to) last.to = from + size > last.to ? from + size : last.to;
    else ranges.push({ from, to: from + size });
  }
  return ranges;
}

function gapsWithin({ timeline, ranges }: TimelineLog): TimelineGap[] {
  return ranges.slice(1).map((range, index) => ({ timeline, from: ranges[index].to, to: range.from }));
}
