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
    return this.known().flatMap((log) => [...this.gapsBefore(log), ...gapsWithin(log)]);
  }

  /** Whether there is more of the log behind a position, on the way to a timeline: then what is missing there is no end of it. */
  goesOnAfter(position: bigint, target: number): boolean {
    return this.way(target).some(({ timeline, end }) =>
      this.known().some(
        (log) =>
          log.timeline === timeline &&
          log.ranges.some(({ from }) => from > position && (end === undefined || from < end)),
      ),
    );
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
    const way = this.way(target);
    let position = this.boundary(from);
    for (;;) {
      const [{ timeline, end }] = way.filter(({ begin }) => begin <= position).slice(-1);
      const range = this.rangesOf(timeline).find((one) => one.from <= position && position < one.to);
      if (!range) return end === undefined ? position + this.lengthAt(timeline, position) : position;
      position = end !== undefined && end < range.to ? end : range.to;
    }
  }

  /** Which timeline recovery reads from where, on the way to one: segment by segment, the newer where two share one. */
  private way(target: number): readonly Stretch[] {
    const origins = this.histories.get(target) ?? [];
    const begins = [0n, ...origins.map(({ switchedAt }) => this.boundary(switchedAt))];
    return [...origins.map(({ timeline }) => timeline), target].map((timeline, index) => ({
      timeline,
      begin: begins[index],
      end: begins.at(index + 1),
    }));
  }

  /** Of the log in a segment that is not whole and is the last of its timeline. */
  private lengthAt(timeline: number, start: bigint): bigint {
    const isLast = this.rangesOf(timeline).every(({ from }) => from < start);
    const partial = this.partials.get(segmentAt(timeline, start, Number(this.size)));
    return isLast && partial ? BigInt(partial.lengthBytes) : 0n;
  }

  /** What there is of each timeline, with the part of a segment at its end: what lies between that and the whole ones is missing. */
  private known(): readonly TimelineLog[] {
    const last = new Map<number, bigint>();
    for (const { segment, timeline } of this.partials.values()) {
      const start = segmentStart(segment, Number(this.size)) ?? 0n;
      if (start >= (last.get(timeline) ?? 0n)) last.set(timeline, start);
    }
    const all = new Set([...this.timelines.map(({ timeline }) => timeline), ...last.keys()]);
    return [...all].map((timeline) => {
      const ranges = this.rangesOf(timeline);
      const from = last.get(timeline);
      const isBehind = from !== undefined && ranges.every(({ to }) => to <= from);
      return { timeline, ranges: isBehind ? [...ranges, { from, to: from + this.size }] : ranges };
    });
  }

  private rangesOf(timeline: number): readonly LsnRange[] {
    return this.timelines.find((log) => log.timeline === timeline)?.ranges ?? [];
  }

  /**
   * Between the first segment of a timeline and the last before it, on whichever timeline that is: one between them may have left
   * nothing at all. Where nothing is before it, the archive begins there.
   */
  private gapsBefore({ timeline, ranges }: TimelineLog): TimelineGap[] {
    const way = this.way(timeline);
    const missing: TimelineGap[] = [];
    const { begin } = way[way.length - 1];
    if (ranges[0].from > begin) missing.push({ timeline, from: begin, to: ranges[0].from });
    for (const { timeline: older, begin: from, end: to = 0n } of way.slice(0, -1).reverse()) {
      const before = this.rangesOf(older)
        .filter((range) => range.from < to)
        .at(-1);
      if (before && before.to >= to) return missing;
      if (before) return [{ timeline: older, from: before.to, to }, ...missing];
      if (from < to) missing.unshift({ timeline: older, from, to });
    }
    return [];
  }

  /** The first byte of the segment that a position is in. */
  private boundary(lsn: bigint): bigint {
    return (lsn / this.size) * this.size;
  }
}

/** What recovery reads of a timeline, in whole segments; to its end where none comes after it. */
interface Stretch {
  readonly timeline: number;
  readonly begin: bigint;
  readonly end: bigint | undefined;
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
  return ranges
    .slice(1)
    .map((range, index) => ({ timeline, from: ranges[index].to, to: range.from }))
    .filter(({ from, to }) => from < to);
}
