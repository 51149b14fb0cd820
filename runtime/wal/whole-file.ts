/** A file of the log, whole in memory that is used again. */
import { open, type FileHandle } from 'node:fs/promises';
import { BackupError } from '../errors';
import { BufferPool } from '../store/buffer-pool';

/** The largest segment that PostgreSQL can have. */
const LARGEST_FILE_BYTES = 1024 * 1024 * 1024;

/** Kept for the next files: as many segments of the usual size as a helper has on their way by default. */
const KEPT_BYTES = 64 * 1024 * 1024;

/** Smaller ones are labels and histories, each of a size of its own. */
const SMALLEST_SEGMENT_BYTES = 1024 * 1024;

/** Fresh memory for each segment costs more processor time, in page faults and in what it makes the collector do, than its SHA-256. */
const kept = new BufferPool(KEPT_BYTES);

/** @throws `wal-missing` when there is no such file, or it cannot be one. */
export async function readWholeFile(filePath: string): Promise<Buffer> {
  const handle = await open(filePath, 'r').catch((cause: Error) => {
    throw unreadable(filePath, cause.message, cause);
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw unreadable(filePath, 'it is no file');
    if (stats.size > LARGEST_FILE_BYTES) throw unreadable(filePath, `it has ${stats.size} bytes, which no segment has`);
    const bytes = kept.take(stats.size);
    const readBytes = await fill(bytes, handle);
    if (readBytes === bytes.length) return bytes;
    throw unreadable(filePath, `it ended after ${readBytes} of ${bytes.length} bytes`);
  } finally {
    await handle.close();
  }
}

/** Of what was read, when nobody looks at it any more; what is not given back is collected some day. */
export function giveBack(bytes: Buffer): void {
  if (bytes.length >= SMALLEST_SEGMENT_BYTES) kept.give(bytes);
}

async function fill(bytes: Buffer, handle: FileHandle): Promise<number> {
  let filledBytes = 0;
  while (filledBytes < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filledBytes, bytes.length - filledBytes, filledBytes);
    if (bytesRead === 0) break;
    filledBytes += bytesRead;
  }
  return filledBytes;
}

function unreadable(filePath: string, detail: string, cause?: unknown): BackupError {
  return new BackupError('wal-missing', `${JSON.stringify(filePath)} cannot be read`, {
    detail,
    hint: 'archive_command runs in the data directory as the user of the server; there, give %p as it is.',
    cause,
  });
}
