import { componentPrefix } from './layout';
import { isSegmentSize } from './wal-lsn';

/**
 * The archive of the write-ahead log: what its files are called, and where they lie.
 *
 *     <source>/wal/<system identifier>/<timeline>/<name of the file>.zst
 *
 * Names are PostgreSQL's own, so that a person finds what the server asks for; the content is compressed with zstd and nothing
 * else. What a file holds uncompressed stands in its object's metadata: {@link WAL_METADATA}.
 */

/** Kinds of file that `archive_command` is called for. */
export type WalFileKind = 'segment' | 'partial' | 'history' | 'backup';

export interface WalFile {
  /** As PostgreSQL calls it. */
  readonly name: string;
  readonly kind: WalFileKind;
  /** Of a history file: the timeline that it tells the origin of. */
  readonly timeline: number;
  /** The segment that it is, or belongs to; `undefined` for a history file. */
  readonly segment?: string;
}

/** One expression for all: a segment, alone, `.partial` or with a backup's label; or a timeline's history. */
const WAL_FILE = /^(?:([0-9A-F]{8})[0-9A-F]{16}(\.partial|\.[0-9A-F]{8}\.backup)?|([0-9A-F]{8})\.history)$/;

/** Reads the name of a file that PostgreSQL archives; nothing when it is not one. Never a path. */
export function parseWalFile(name: string): WalFile | undefined {
  const match = WAL_FILE.exec(name);
  if (!match) return undefined;
  const [, segmentTimeline, suffix, historyTimeline] = match;
  const timeline = parseInt(segmentTimeline ?? historyTimeline, 16);
  if (timeline === 0) return undefined;
  if (historyTimeline !== undefined) return { name, kind: 'history', timeline };
  const kind = suffix === undefined ? 'segment' : suffix === '.partial' ? 'partial' : 'backup';
  return { name, kind, timeline, segment: name.slice(0, 24) };
}

export const WAL_SUFFIX = '.zst';

/** User metadata of an archived file, written with its content in one request. */
export const WAL_METADATA = {
  /** SHA-256 of the uncompressed content, lower-case hex. */
  sha256: 'sha256',
  /** Bytes of the uncompressed content. */
  sizeBytes: 'size-bytes',
} as const;

/** Says what is wrong with a cluster's system identifier, or nothing: a 64-bit number in decimal, as `pg_controldata` prints it. */
export function systemIdentifierProblem(text: string): string | undefined {
  const isOne = /^[1-9]\d{0,19}$/.test(text) && BigInt(text) < 2n ** 64n;
  return isOne ? undefined : 'a system identifier is a number of up to 20 digits, as pg_controldata prints it';
}

/** Where everything of a cluster lies, with a slash at its end. */
export function walSystemPrefix(source: string, systemIdentifier: string): string {
  return `${componentPrefix(source, 'wal')}${systemIdentifier}/`;
}

export function walTimelinePrefix(source: string, systemIdentifier: string, timeline: number): string {
  return `${walSystemPrefix(source, systemIdentifier)}${timelineName(timeline)}/`;
}

export function walKey(source: string, systemIdentifier: string, file: WalFile): string {
  return `${walTimelinePrefix(source, systemIdentifier, file.timeline)}${file.name}${WAL_SUFFIX}`;
}

export interface WalAddress {
  readonly source: string;
  readonly systemIdentifier: string;
  readonly file: WalFile;
}

/** Reads a key back; nothing when it is not laid out as {@link walKey} does. */
export function parseWalKey(key: string): WalAddress | undefined {
  const [source, , systemIdentifier, , object] = key.split('/');
  const file = object?.endsWith(WAL_SUFFIX) ? parseWalFile(object.slice(0, -WAL_SUFFIX.length)) : undefined;
  if (!file || systemIdentifierProblem(systemIdentifier)) return undefined;
  return key === walKey(source, systemIdentifier, file) ? { source, systemIdentifier, file } : undefined;
}

/**
 * Where the record lies of a push that was refused because the key held other content: the host that pushes can tell nobody else.
 * Another content is another record.
 */
export function walConflictKey(source: string, systemIdentifier: string, file: WalFile, sha256: string): string {
  return `${walConflictsPrefix(source, systemIdentifier)}${file.name}-${sha256}.json`;
}

export function walConflictsPrefix(source: string, systemIdentifier: string): string {
  return `${walSystemPrefix(source, systemIdentifier)}conflicts/`;
}

/** `0000000A`, as at the beginning of names. */
export function timelineName(timeline: number): string {
  return hex(BigInt(timeline));
}

/** The name of the segment that holds this byte of the log. */
export function segmentAt(timeline: number, lsn: bigint, segmentBytes: number): string {
  const perLog = segmentsPerLog(segmentBytes);
  const number = lsn / BigInt(segmentBytes);
  return `${timelineName(timeline)}${hex(number / perLog)}${hex(number % perLog)}`;
}

/** The first byte of a segment; nothing when a cluster with segments of this size has none of this name. */
export function segmentStart(segment: string, segmentBytes: number): bigint | undefined {
  const perLog = segmentsPerLog(segmentBytes);
  const log = BigInt(`0x${segment.slice(8, 16)}`);
  const inLog = BigInt(`0x${segment.slice(16, 24)}`);
  return inLog < perLog ? (log * perLog + inLog) * BigInt(segmentBytes) : undefined;
}

function segmentsPerLog(segmentBytes: number): bigint {
  if (!isSegmentSize(segmentBytes)) throw new RangeError(`a segment cannot have ${segmentBytes} bytes`);
  return 2n ** 32n / BigInt(segmentBytes);
}

function hex(number: bigint): string {
  return number.toString(16).toUpperCase().padStart(8, '0');
}
