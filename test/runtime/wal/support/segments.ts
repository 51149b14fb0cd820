/** Segments as PostgreSQL writes them: a header that says what they are, and content from a seed. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { segmentAt } from '../../../../model';
import { Seeded } from '../../../support/seeded';

/** The smallest that a cluster can have, so that tests are quick. */
export const SEGMENT_BYTES = 1024 * 1024;
export const SYSTEM = '7564537891234567890';
export const OTHER_SYSTEM = '7564537891234567891';

export interface SegmentOptions {
  readonly systemIdentifier?: string;
  readonly timeline?: number;
  /** Of the page: lower than the segment's where the timeline was left in it. */
  readonly headerTimeline?: number;
  readonly segmentBytes?: number;
  readonly seed?: number;
}

/** The name of the n-th segment of a cluster. */
export function nameOf(number: number, timeline = 1, segmentBytes = SEGMENT_BYTES): string {
  return segmentAt(timeline, BigInt(number) * BigInt(segmentBytes), segmentBytes);
}

export function segmentBytesOf(number: number, options: SegmentOptions = {}): Buffer {
  const { systemIdentifier = SYSTEM, timeline = 1, segmentBytes = SEGMENT_BYTES, seed = number } = options;
  const bytes = Buffer.alloc(segmentBytes);
  // A little content: compression of random bytes is not what is tested.
  new Seeded(seed).bytes(4096).copy(bytes, 40);
  bytes.writeUInt16LE(0xd110, 0);
  bytes.writeUInt16LE(0x0002, 2);
  bytes.writeUInt32LE(options.headerTimeline ?? timeline, 4);
  bytes.writeBigUInt64LE(BigInt(number) * BigInt(segmentBytes), 8);
  bytes.writeBigUInt64LE(BigInt(systemIdentifier), 24);
  bytes.writeUInt32LE(segmentBytes, 32);
  return bytes;
}

/** Writes the n-th segment into `pg_wal` of a data directory; gives its path. */
export async function writeSegment(
  dataDirectory: string,
  number: number,
  options: SegmentOptions = {},
): Promise<string> {
  const file = path.join(dataDirectory, 'pg_wal', nameOf(number, options.timeline, options.segmentBytes));
  await writeFile(file, segmentBytesOf(number, options));
  return file;
}

/** As much of a data directory as a push looks at. */
export async function makeDataDirectory(directory: string, systemIdentifier = SYSTEM): Promise<string> {
  await mkdir(path.join(directory, 'global'), { recursive: true });
  await mkdir(path.join(directory, 'pg_wal', 'archive_status'), { recursive: true });
  const control = Buffer.alloc(8192);
  control.writeBigUInt64LE(BigInt(systemIdentifier));
  await writeFile(path.join(directory, 'global', 'pg_control'), control);
  return directory;
}
