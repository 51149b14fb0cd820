/**
 * What the first page of a segment says of itself: enough to know that a file is a segment, whose, and which. The layout is
 * PostgreSQL's `XLogLongPageHeaderData` (src/include/access/xlog_internal.h), the same in all supported versions.
 */
import { formatLsn, isSegmentSize, segmentStart, type WalFile } from '../../model';

export interface SegmentHeader {
  readonly timeline: number;
  /** The first byte of the segment. */
  readonly start: bigint;
  readonly systemIdentifier: string;
  readonly segmentBytes: number;
}

export const SEGMENT_HEADER_BYTES = 40;

/** Of all supported versions; the lower byte counts the versions of the format. */
const MAGIC_HIGH_BYTE = 0xd1;
const LONG_HEADER = 0x0002;

/** Reads the beginning of a segment; nothing when it does not begin as one. */
export function readSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES || bytes.readUInt16LE(0) >> 8 !== MAGIC_HIGH_BYTE) return undefined;
  if ((bytes.readUInt16LE(2) & LONG_HEADER) === 0) return undefined;
  return {
    timeline: bytes.readUInt32LE(4),
    start: bytes.readBigUInt64LE(8),
    systemIdentifier: bytes.readBigUInt64LE(24).toString(),
    segmentBytes: bytes.readUInt32LE(32),
  };
}

/** Says why a file's content is not what its name says, or nothing. Of a history or a backup's label there is nothing to compare. */
export function contentProblem(file: WalFile, sizeBytes: number, beginning: Buffer): string | undefined {
  if (sizeBytes === 0) return 'it is empty';
  if (file.kind === 'history' || file.kind === 'backup') return undefined;
  const header = readSegmentHeader(beginning);
  if (!header) return 'it does not begin as a WAL segment does';
  if (!isSegmentSize(header.segmentBytes)) return `its header gives the size of segments as ${header.segmentBytes}`;
  if (sizeBytes !== header.segmentBytes) return `it has ${sizeBytes} of ${header.segmentBytes} bytes`;
  const start = segmentStart(file.name, header.segmentBytes);
  if (start !== header.start) return `it is the segment that begins at ${formatLsn(header.start)}`;
  // The segment in which a timeline was left begins on the older one.
  const possible = header.timeline >= 1 && header.timeline <= file.timeline;
  return possible ? undefined : `it is of timeline ${header.timeline}`;
}
