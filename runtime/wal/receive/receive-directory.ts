/**
 * The directory of a receiver: a folder for each stream. A `pg_receivewal` whose receiver was killed may go on for a while; in a
 * folder of its own it cannot give its name to what another is still writing.
 */
import { lstat, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { segmentAt } from '../../../model';
import { BackupError } from '../../errors';
import { ReceivedFiles } from './received-files';
import type { StartPosition } from './start-position';

const STREAM = 'stream-';

export class ReceiveDirectory {
  /** The directory is made, and must be ours alone: what lies in it becomes part of the archive. */
  static async open(directory: string): Promise<ReceiveDirectory> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const stats = await lstat(directory);
    const own = process.getuid?.() ?? stats.uid;
    const isOurs = stats.isDirectory() && stats.uid === own && (stats.mode & 0o022) === 0;
    const stranger = isOurs ? (await readdir(directory)).find((name) => !name.startsWith(STREAM)) : undefined;
    if (isOurs && stranger === undefined) return new ReceiveDirectory(directory);
    throw new BackupError('configuration-invalid', `${JSON.stringify(directory)} cannot hold what is received`, {
      detail: stranger
        ? `It holds ${JSON.stringify(stranger)}, which is none of it.`
        : 'It is no directory, or others may write into it.',
      hint: 'Name a directory for this alone with --directory, with rights 0700.',
    });
  }

  private constructor(private readonly directory: string) {}

  /** What earlier streams left. */
  async streams(): Promise<readonly ReceivedFiles[]> {
    const names = await readdir(this.directory);
    return names.sort().map((name) => new ReceivedFiles(path.join(this.directory, name)));
  }

  /**
   * A folder in which `pg_receivewal` begins at this segment: it goes on with the newest that it finds, and an empty one that is not
   * full begins at its beginning.
   */
  async begin({ timeline, lsn }: StartPosition, segmentBytes: number): Promise<ReceivedFiles> {
    const files = new ReceivedFiles(await mkdtemp(path.join(this.directory, STREAM)));
    await writeFile(files.pathOf(`${segmentAt(timeline, lsn, segmentBytes)}.partial`), '', { mode: 0o600 });
    return files;
  }

  /** A `pg_receivewal` that still writes there ends by it. */
  async drop(files: ReceivedFiles): Promise<void> {
    // Until it has, it may make files there.
    await rm(files.directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}
