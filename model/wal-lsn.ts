/**
 * Positions in the write-ahead log. A log sequence number counts bytes from the beginning of a cluster's log, in 64 bits: hence
 * bigint. PostgreSQL writes it as two hexadecimal numbers, `0/16B3748`.
 */

/** Bytes of a segment unless `initdb --wal-segsize` says otherwise. */
export const DEFAULT_SEGMENT_BYTES = 16 * 1024 * 1024;

const SMALLEST_SEGMENT_BYTES = 1024 * 1024;
const LARGEST_SEGMENT_BYTES = 1024 * 1024 * 1024;
const LARGEST_LSN = 2n ** 64n - 1n;

/** A stretch of the log: from the first byte to the one after the last. */
export interface LsnRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** Reads `16/B374D848`; nothing when it is not one. */
export function parseLsn(text: string): bigint | undefined {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  return match ? (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`) : undefined;
}

/** As PostgreSQL writes it. */
export function formatLsn(lsn: bigint): string {
  if (lsn < 0n || lsn > LARGEST_LSN) throw new RangeError(`${lsn} is no position in a log`);
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}

/** Whether a cluster can have segments of this size: a power of two from 1 MB to 1 GB. */
export function isSegmentSize(sizeBytes: number): boolean {
  const inRange = sizeBytes >= SMALLEST_SEGMENT_BYTES && sizeBytes <= LARGEST_SEGMENT_BYTES;
  return inRange && Number.isInteger(Math.log2(sizeBytes));
}
