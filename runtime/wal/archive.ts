/**
 * The archive of the write-ahead log, to be read: which clusters and timelines there are, what of the log is there without a
 * gap, and its files one by one, verified. What writes it is `push.ts`.
 */
import {
  componentPrefix,
  historyName,
  longestPartials,
  parseHistory,
  parseWalFile,
  parseWalKey,
  parseWalPartialKey,
  segmentsNeeded,
  segmentStart,
  systemIdentifierProblem,
  walKey,
  walPartialsPrefix,
  walSystemPrefix,
  walTimelinePrefix,
  type LsnRange,
  type StoredPartial,
  type TimelineOrigin,
  type WalFile,
  type WalPartial,
} from '../../model';
import { BackupError } from '../errors';
import type { ObjectStore } from '../store/store';
import { contentOf, fetchWalFile, type WalContent } from './fetch-file';
import { readFetched } from './read-fetched';

/** One archived file, as a listing tells of it. */
export interface ArchivedFile {
  readonly file: WalFile;
  readonly key: string;
  /** Compressed. */
  readonly storedBytes: number;
  /** By the store's own clock. */
  readonly storedAt: Date;
}

/** A part of the log on the way to a position of `timeline`. */
export interface NeededLog extends LsnRange {
  readonly timeline: number;
}

/** Whether recovery finds all that it needs. */
export interface SegmentsThere {
  readonly complete: boolean;
  /** In the order in which recovery reads them. */
  readonly missing: readonly string[];
}

export class WalArchive {
  constructor(
    readonly store: ObjectStore,
    readonly source: string,
  ) {}

  /** System identifiers of the clusters that archived something here. */
  async systems(): Promise<string[]> {
    const prefix = componentPrefix(this.source, 'wal');
    const names: string[] = [];
    for await (const entry of this.store.list(prefix, { delimiter: '/' })) {
      const name = entry.kind === 'prefix' ? entry.prefix.slice(prefix.length, -1) : '';
      if (!systemIdentifierProblem(name)) names.push(name);
    }
    return names;
  }

  /**
   * What is archived of a cluster, or of one of its timelines, in order of the keys: of a timeline, in order of the log.
   *
   * @param first the timeline's files before this one are left out.
   */
  async *files(systemIdentifier: string, timeline?: number, first?: string): AsyncGenerator<ArchivedFile> {
    const prefix =
      timeline === undefined
        ? walSystemPrefix(this.source, systemIdentifier)
        : walTimelinePrefix(this.source, systemIdentifier, timeline);
    // The name alone comes before the key, which has a suffix.
    const startAfter = first === undefined ? undefined : `${prefix}${first}`;
    for await (const entry of this.store.list(prefix, { startAfter })) {
      if (entry.kind !== 'object') continue;
      const address = parseWalKey(entry.key);
      if (!address) continue;
      const { key, sizeBytes: storedBytes, lastModified: storedAt } = entry;
      yield { file: address.file, key, storedBytes, storedAt };
    }
  }

  /** Whether a file is archived, by a listing. */
  async isListed(systemIdentifier: string, name: string): Promise<boolean> {
    const { timeline } = fileNamed(name);
    for await (const { file } of this.files(systemIdentifier, timeline, name)) {
      if (file.name === name) return true;
      // Labels of backups that began in a segment come before it.
      if (!file.name.startsWith(name)) return false;
    }
    return false;
  }

  /** What a file holds; nothing when it is not archived. `wal-damaged` when it is there without its digest. */
  async describe(systemIdentifier: string, name: string): Promise<WalContent | undefined> {
    const key = this.keyOf(systemIdentifier, name);
    const found = await this.store.head(key, { checksum: 'leave out' });
    if (!found) return undefined;
    const content = contentOf(found.metadata);
    if (content) return content;
    throw new BackupError('wal-damaged', `${JSON.stringify(key)} in ${this.store.uri} has no digest`, {
      detail: 'Its metadata does not say what it held when it was archived.',
      hint: 'It was not archived by postgres-backup, or was copied without its metadata.',
    });
  }

  /**
   * Writes an archived file to a path, once it is found to be what was archived.
   *
   * @throws `object-missing`, `wal-damaged`, or what the store ends with.
   */
  async fetch(systemIdentifier: string, name: string, target: string, signal: AbortSignal): Promise<WalContent> {
    const file = fileNamed(name);
    const key = walKey(this.source, systemIdentifier, file);
    return fetchWalFile({ store: this.store, key, file, systemIdentifier, signal }, target);
  }

  /** The ancestors of a timeline, oldest first; none for the first. `object-missing` without its history file. */
  async history(systemIdentifier: string, timeline: number, signal: AbortSignal): Promise<readonly TimelineOrigin[]> {
    if (timeline === 1) return [];
    const name = historyName(timeline);
    const text = await readFetched((target) => this.fetch(systemIdentifier, name, target, signal));
    const origins = parseHistory(text);
    if (origins && origins[origins.length - 1].timeline < timeline) return origins;
    throw new BackupError('wal-damaged', `${name} in ${this.store.uri} is no history of timeline ${timeline}`);
  }

  /** Bytes of the cluster's segments, as the first that is found says; nothing when none is archived. */
  async segmentBytes(systemIdentifier: string): Promise<number | undefined> {
    for await (const { file } of this.files(systemIdentifier)) {
      if (file.kind === 'segment') return (await this.describe(systemIdentifier, file.name))?.sizeBytes;
    }
    return undefined;
  }

  /**
   * What of a timeline is there without a gap, in order: its own segments alone.
   *
   * @param knownBytes the size of a segment, where it need not be asked for.
   */
  async coveredRanges(systemIdentifier: string, timeline: number, knownBytes?: number): Promise<LsnRange[]> {
    const segmentBytes = knownBytes ?? (await this.segmentBytes(systemIdentifier));
    if (segmentBytes === undefined) return [];
    const size = BigInt(segmentBytes);
    const ranges: { from: bigint; to: bigint }[] = [];
    for await (const { file } of this.files(systemIdentifier, timeline)) {
      const from = file.kind === 'segment' ? segmentStart(file.name, segmentBytes) : undefined;
      if (from === undefined) continue;
      const last = ranges.at(-1);
      if (last?.to === from) last.to = from + size;
      else ranges.push({ from, to: from + size });
    }
    return ranges;
  }

  /** Whether every segment is there that recovery reads for this part of the log, on whichever timeline it lies. */
  async hasEverySegment(systemIdentifier: string, needed: NeededLog, signal: AbortSignal): Promise<SegmentsThere> {
    const origins = await this.history(systemIdentifier, needed.timeline, signal);
    const segmentBytes = await this.segmentBytes(systemIdentifier);
    if (segmentBytes === undefined) {
      throw new BackupError('wal-missing', `no WAL of cluster ${systemIdentifier} is archived in ${this.store.uri}`);
    }
    const names = segmentsNeeded(needed.timeline, origins, needed, segmentBytes);
    const there = new Set<string>();
    for (const timeline of new Set(names.map((name) => fileNamed(name).timeline))) {
      const first = names.find((name) => fileNamed(name).timeline === timeline) as string;
      for await (const { file } of this.files(systemIdentifier, timeline, first)) there.add(file.name);
    }
    const missing = names.filter((name) => !there.has(name));
    return { complete: missing.length === 0, missing };
  }

  /** What receivers archived of segments that were not full. */
  async partials(systemIdentifier: string, segment = ''): Promise<StoredPartial[]> {
    const found: StoredPartial[] = [];
    const prefix = `${walPartialsPrefix(this.source, systemIdentifier)}${segment}`;
    for await (const entry of this.store.list(prefix)) {
      if (entry.kind !== 'object') continue;
      const { key, lastModified: storedAt } = entry;
      const partial = parseWalPartialKey(this.source, systemIdentifier, key);
      if (partial) found.push({ ...partial, key, storedAt });
    }
    return found;
  }

  /**
   * Writes what there is of a segment that is not archived whole to a path: log, and zeros after it, which PostgreSQL takes for the
   * end. Nothing when there is none.
   *
   * @throws as {@link fetch}.
   */
  async fetchPartial(
    systemIdentifier: string,
    segment: string,
    target: string,
    signal: AbortSignal,
  ): Promise<WalPartial | undefined> {
    const longest = longestPartials(await this.partials(systemIdentifier, segment)).get(segment);
    if (!longest) return undefined;
    const file = fileNamed(segment);
    await fetchWalFile({ store: this.store, key: longest.key, file, systemIdentifier, signal }, target);
    return longest;
  }

  private keyOf(systemIdentifier: string, name: string): string {
    return walKey(this.source, systemIdentifier, fileNamed(name));
  }
}

function fileNamed(name: string): WalFile {
  const file = parseWalFile(name);
  if (file) return file;
  throw new BackupError('usage', `${JSON.stringify(name)} is no name of a file that PostgreSQL archives`);
}
