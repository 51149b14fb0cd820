/** What of a cluster's log is in the archive, read by one listing. */
import { CoveredLog, longestPartials, segmentAt, type TimelineOrigin, type WalPartial } from '../../model';
import type { WalArchive } from '../wal/archive';

export class ClusterLog {
  private constructor(
    readonly segmentBytes: number,
    /** Of which there is any log, newest last: a history alone leads nowhere yet. */
    readonly timelines: readonly number[],
    private readonly names: ReadonlySet<string>,
    private readonly partials: ReadonlyMap<string, WalPartial>,
    private readonly histories: ReadonlyMap<number, readonly TimelineOrigin[]>,
    private readonly covered: CoveredLog,
  ) {}

  static async read(
    archive: WalArchive,
    systemIdentifier: string,
    segmentBytes: number,
    signal: AbortSignal,
  ): Promise<ClusterLog> {
    const segments: { name: string; timeline: number }[] = [];
    const histories = new Map<number, readonly TimelineOrigin[]>();
    for await (const { file } of archive.files(systemIdentifier)) {
      signal.throwIfAborted();
      if (file.kind === 'segment') segments.push({ name: file.name, timeline: file.timeline });
      if (file.kind === 'history') {
        histories.set(file.timeline, await archive.history(systemIdentifier, file.timeline, signal));
      }
    }
    const partials = await archive.partials(systemIdentifier);
    const timelines = [...new Set([...segments, ...partials].map(({ timeline }) => timeline))];
    return new ClusterLog(
      segmentBytes,
      timelines.sort((a, b) => a - b),
      new Set(segments.map(({ name }) => name)),
      longestPartials(partials),
      histories,
      new CoveredLog(segmentBytes, segments, histories, partials),
    );
  }

  /**
   * The first byte that recovery on the way to `target` does not find, from a base backup that was taken on `timeline`; nothing
   * when that timeline does not lead to it, or left it before the base backup ended, or nothing of the target is archived.
   */
  reach(timeline: number, from: bigint, stop: bigint, target: number): bigint | undefined {
    return this.covered.endsFrom(timeline, from, stop).find((end) => end.timeline === target)?.to;
  }

  /** Whether there is more of the log behind a position that recovery does not get past, on the way to a timeline. */
  goesOnAfter(position: bigint, target: number): boolean {
    return this.covered.goesOnAfter(position, target);
  }

  /** The archived segment, whole or in part, that holds this byte on the way to a timeline: from the newest that has it. */
  segmentHolding(position: bigint, target: number): string | undefined {
    const path = [target, ...(this.histories.get(target) ?? []).map(({ timeline }) => timeline).reverse()];
    return path
      .map((timeline) => segmentAt(timeline, position, this.segmentBytes))
      .find((name) => this.names.has(name) || this.partials.has(name));
  }
}
