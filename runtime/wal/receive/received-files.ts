/** What one `pg_receivewal` has written. It goes with the machine, and counts for nothing until it is archived. */
import { open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { parseWalFile, segmentStart, type WalFile } from '../../../model';

export class ReceivedFiles {
  constructor(readonly directory: string) {}

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

  /** What waits to be archived. What is archived meanwhile does not. */
  async sizeBytes(): Promise<number> {
    const looks = (await this.finished()).map(({ name }) => unlessGone(() => stat(this.pathOf(name))));
    return (await Promise.all(looks)).reduce((sum, found) => sum + (found?.size ?? 0), 0);
  }

  /**
   * The log in a segment that is not full, up to its last byte that is no zero; nothing when there is none, or it was finished
   * meanwhile.
   */
  async readLog({ name }: WalFile): Promise<Buffer | undefined> {
    const handle = await unlessGone(() => open(this.pathOf(name), 'r'));
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

/** Files are archived and removed, or finished and given another name, while they are looked at. */
export async function unlessGone<Found>(look: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}

/** Records begin at multiples of eight bytes. */
export function endOf(segment: string | undefined, segmentBytes: number, lengthBytes: number): bigint {
  const start = segment === undefined ? undefined : segmentStart(segment, segmentBytes);
  return start === undefined ? 0n : start + BigInt(Math.ceil(lengthBytes / 8) * 8);
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
