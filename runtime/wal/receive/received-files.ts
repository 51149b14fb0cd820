/**
 * The directory that `pg_receivewal` writes into. What lies in it goes with the machine and counts for nothing until it is
 * archived.
 */
import { lstat, mkdir, open, readdir, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { parseWalFile, segmentAt, segmentStart, type WalFile } from '../../../model';
import { BackupError } from '../../errors';
import type { StartPosition } from './start-position';

const PARTIAL = '.partial';

export class ReceivedFiles {
  /** The directory is made, and must be ours alone: what lies in it becomes part of the archive. */
  static async open(directory: string): Promise<ReceivedFiles> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const stats = await lstat(directory);
    const own = process.getuid?.() ?? stats.uid;
    const isOurs = stats.isDirectory() && stats.uid === own && (stats.mode & 0o022) === 0;
    const stranger = isOurs ? (await readdir(directory)).find((name) => !isKnown(name)) : undefined;
    if (isOurs && stranger === undefined) return new ReceivedFiles(directory);
    throw new BackupError('configuration-invalid', `${JSON.stringify(directory)} cannot hold what is received`, {
      detail: stranger
        ? `It holds ${JSON.stringify(stranger)}, which is none of it.`
        : 'It is no directory, or others may write into it.',
      hint: 'Name a directory for this alone with --directory, with rights 0700.',
    });
  }

  private constructor(readonly directory: string) {}

  /**
   * Empties the directory, and makes `pg_receivewal` begin at this segment: it goes on with the newest that it finds, and an empty
   * one that is not full begins at its beginning.
   */
  async beginAt({ timeline, lsn }: StartPosition, segmentBytes: number): Promise<void> {
    for (const name of await readdir(this.directory)) await rm(this.pathOf(name), { force: true });
    await writeFile(this.pathOf(`${segmentAt(timeline, lsn, segmentBytes)}${PARTIAL}`), '', { mode: 0o600 });
  }

  /** Full segments in order of the log, each after the history of its timeline. */
  async finished(): Promise<readonly WalFile[]> {
    const files = (await this.files()).filter(({ kind }) => kind === 'segment' || kind === 'history');
    // The name of a history without its ending comes before those of its timeline's segments.
    const rank = ({ name }: WalFile): string => name.replace('.history', '');
    return files.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  }

  /** Segments that are not full: one, and those in which a timeline was left. */
  async unfinished(): Promise<readonly WalFile[]> {
    const files = (await this.files()).filter(({ kind }) => kind === 'partial');
    return files.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async remove({ name }: WalFile): Promise<void> {
    await rm(this.pathOf(name), { force: true });
  }

  /** What waits to be archived. */
  async sizeBytes(): Promise<number> {
    const sizes = await Promise.all(
      (await this.finished()).map(async ({ name }) => (await stat(this.pathOf(name))).size),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /**
   * The log in a segment that is not full, up to its last byte that is no zero; nothing when there is none, or it was finished
   * meanwhile.
   */
  async readLog({ name }: WalFile): Promise<Buffer | undefined> {
    const handle = await open(this.pathOf(name), 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!handle) return undefined;
    try {
      const lengthBytes = lengthOf(await handle.readFile());
      // It is written while it is read: what was seen to be written is read again, so that nothing before it is missing.
      return lengthBytes === 0 ? undefined : await readWhole(handle, lengthBytes);
    } finally {
      await handle.close();
    }
  }

  /** How far the log has come. A record may end with zeros: seven bytes more are between it and the next at most. */
  async receivedTo(segmentBytes: number): Promise<bigint> {
    const ends = (await this.finished()).map(({ segment }) => endOf(segment, segmentBytes, segmentBytes));
    for (const file of await this.unfinished()) {
      ends.push(endOf(file.segment, segmentBytes, (await this.readLog(file))?.length ?? 0));
    }
    return ends.reduce((a, b) => (a > b ? a : b), 0n);
  }

  pathOf(name: string): string {
    return path.join(this.directory, name);
  }

  private async files(): Promise<WalFile[]> {
    return (await readdir(this.directory)).flatMap((name) => parseWalFile(name) ?? []);
  }
}

/** Records begin at multiples of eight bytes. */
export function endOf(segment: string | undefined, segmentBytes: number, lengthBytes: number): bigint {
  const start = segment === undefined ? undefined : segmentStart(segment, segmentBytes);
  return start === undefined ? 0n : start + BigInt(Math.ceil(lengthBytes / 8) * 8);
}

/** A history has another name while it is written. */
function isKnown(name: string): boolean {
  return parseWalFile(name.replace(/\.history\.tmp$/, '.history')) !== undefined;
}

const ZEROS = Buffer.alloc(64 * 1024);

function lengthOf(bytes: Buffer): number {
  let length = bytes.length;
  while (length >= ZEROS.length && bytes.subarray(length - ZEROS.length, length).equals(ZEROS)) length -= ZEROS.length;
  while (length > 0 && bytes[length - 1] === 0) length -= 1;
  return length;
}

async function readWhole(handle: FileHandle, lengthBytes: number): Promise<Buffer> {
  const bytes = Buffer.alloc(lengthBytes);
  const { bytesRead } = await handle.read(bytes, 0, lengthBytes, 0);
  return bytes.subarray(0, bytesRead);
}
