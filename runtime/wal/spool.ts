/** A bounded directory of segments that recovery will ask for next, so that it does not wait for each. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { segmentAt, segmentStart, type WalFile } from '../../model';
import { BackupError, toBackupError } from '../errors';
import type { WalArchive } from './archive';

/** How many segments are fetched ahead at most: at once, so that they cost little more time than one. */
export const MOST_AHEAD = 32;

export class Spool {
  /** The directory is made, and must be ours alone: what lies in it becomes part of a database. */
  static async open(directory: string, ahead: number): Promise<Spool> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const stats = await lstat(directory);
    const own = process.getuid?.() ?? stats.uid;
    if (stats.isDirectory() && stats.uid === own && (stats.mode & 0o022) === 0) return new Spool(directory, ahead);
    throw new BackupError('configuration-invalid', `${JSON.stringify(directory)} cannot hold segments`, {
      detail: 'It is no directory, or others may write into it.',
      hint: 'Name a directory of the server’s own user with --spool, with rights 0700.',
    });
  }

  private constructor(
    readonly directory: string,
    readonly ahead: number,
  ) {}

  /** Where a segment is fetched to before {@link keep}. */
  arrival(name: string): string {
    return path.join(this.directory, `${name}.arriving`);
  }

  /** Keeps what has arrived; its digest goes into its name, and is looked at when it is taken. */
  async keep(systemIdentifier: string, name: string, sha256: string): Promise<void> {
    await rename(this.arrival(name), path.join(this.directory, `${systemIdentifier}-${name}-${sha256}`));
  }

  /** Gives a segment away to `target`, when it is here and whole. */
  async take(systemIdentifier: string, file: WalFile, target: string): Promise<boolean> {
    const kept = (await this.kept()).find(({ name, system }) => name === file.name && system === systemIdentifier);
    if (!kept) return false;
    const source = path.join(this.directory, kept.entry);
    const whole = (await digestOf(source)) === kept.sha256;
    if (whole) await moveTo(source, target);
    await rm(source, { force: true });
    return whole;
  }

  /** Drops all but these segments: recovery has passed or left them. */
  async dropAllBut(systemIdentifier: string, names: readonly string[]): Promise<readonly string[]> {
    const here: string[] = [];
    for (const { entry, system, name } of await this.kept()) {
      if (system === systemIdentifier && names.includes(name)) here.push(name);
      else await rm(path.join(this.directory, entry), { force: true });
    }
    return here;
  }

  private async kept(): Promise<{ entry: string; system: string; name: string; sha256: string }[]> {
    const entries = await readdir(this.directory);
    return entries.flatMap((entry) => {
      const [, system, name, sha256] = /^(\d+)-([0-9A-F]{24})-([0-9a-f]{64})$/.exec(entry) ?? [];
      return system === undefined ? [] : [{ entry, system, name, sha256 }];
    });
  }
}

/** Fetches the segments after this one, as far as they are archived, all at once. */
export async function fetchAhead(
  archive: WalArchive,
  spool: Spool,
  systemIdentifier: string,
  file: WalFile,
  signal: AbortSignal,
): Promise<void> {
  if (file.kind !== 'segment') return;
  const segmentBytes = (await archive.describe(systemIdentifier, file.name))?.sizeBytes;
  if (segmentBytes === undefined) return;
  const wanted = following(file, segmentBytes, spool.ahead);
  const here = await spool.dropAllBut(systemIdentifier, wanted);
  const missing = wanted.filter((name) => !here.includes(name));
  await Promise.all(missing.map((name) => bring(archive, spool, systemIdentifier, name, signal)));
}

function following(file: WalFile, segmentBytes: number, count: number): string[] {
  const start = segmentStart(file.name, segmentBytes);
  if (start === undefined) return [];
  return Array.from({ length: count }, (_, index) =>
    segmentAt(file.timeline, start + BigInt(segmentBytes) * BigInt(index + 1), segmentBytes),
  );
}

/** What cannot be had is asked for again when its turn comes; then it counts. */
async function bring(
  archive: WalArchive,
  spool: Spool,
  systemIdentifier: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { sha256 } = await archive.fetch(systemIdentifier, name, spool.arrival(name), signal);
    await spool.keep(systemIdentifier, name, sha256);
  } catch (thrown) {
    if (signal.aborted) throw toBackupError(thrown);
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function moveTo(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    const aside = `${target}.copying-${process.pid}`;
    await copyFile(source, aside);
    await rename(aside, target);
  }
}
