import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { BackupError } from '../../../errors';
import { describePath, pathBytes, secondsOf, type FileEntry } from '../entry';
import { formatIndexLine } from '../index/index-line';
import { readTar, type TarEvent } from '../tar/read-tar';
import { absolutePath, isGone, unreadable, type WalkedEntry } from '../walk';
import type { CompressedSink } from './compressed-sink';
import type { Findings } from './findings';
import { writeTo } from './write-to';

/**
 * What is asked of tar and what comes of it. tar is given one name after the other; each must come out of it, in this order, or be
 * explained: gone meanwhile, or else an error. What the index says of content was computed from the very bytes of the archive.
 */
export class ArchivedChanges {
  /** Asked for, and not yet come. */
  private readonly asked: WalkedEntry[] = [];

  constructor(
    private readonly root: string,
    private readonly findings: Findings,
  ) {}

  /** Asks for one. */
  async ask(walked: WalkedEntry, stdin: Writable): Promise<'taken' | 'gone'> {
    this.asked.push(walked);
    return writeTo(stdin, pathBytes(walked.path === '' ? '.\0' : `./${walked.path}\0`));
  }

  /** Reads what tar gives, to its end. */
  async receive(stdout: Readable, archive: CompressedSink, index: CompressedSink): Promise<void> {
    let current: WalkedEntry | undefined;
    for await (const event of readTar(copyTo(archive, stdout as AsyncIterable<Buffer>))) {
      if (event.kind === 'entry') current = await this.answered(event.head.path);
      if (event.kind === 'end' && current) await this.archived(event, current, index);
    }
    for (const walked of this.asked.splice(0)) await this.explain(walked);
  }

  /** Those that were asked for before it did not come. */
  private async answered(path: string): Promise<WalkedEntry> {
    for (let walked = this.asked.shift(); walked; walked = this.asked.shift()) {
      if (walked.path === path) return walked;
      await this.explain(walked);
    }
    throw new BackupError('tool-failed', `tar archived ${describePath(path)}, which nobody asked for`);
  }

  private async explain({ path, type, ctime, inode }: WalkedEntry): Promise<void> {
    try {
      const place = absolutePath(this.root, path);
      if (type === 'file') await (await open(place, constants.O_RDONLY | constants.O_NONBLOCK)).close();
      const stats = await lstat(place, { bigint: true });
      if (String(stats.ino) === inode && secondsOf(stats.ctimeNs) === ctime) throw leftOut(path);
    } catch (error) {
      if (error instanceof BackupError) throw error;
      if (!isGone(error)) throw unreadable(this.root, path, error);
    }
    // There again, by now: something else of its name.
    this.findings.foundVanished(path);
  }

  private async archived(
    { head, sha256 }: Extract<TarEvent, { kind: 'end' }>,
    walked: WalkedEntry,
    index: CompressedSink,
  ): Promise<void> {
    const { path, type, sizeBytes, mode, uid, gid, mtime, linkTarget } = head;
    if (type === 'other') return this.findings.foundSpecial(path, 'pipe or device, since it was listed');
    if (type === 'file' && (await this.isChanged(walked))) this.findings.foundChanging(path);
    const { ctime, inode, isYoung } = walked;
    const entry: FileEntry = {
      ...{ path, type, sizeBytes, mode, uid, gid, mtime, ctime, inode, archive: 0 },
      ...(linkTarget !== undefined && { linkTarget }),
      ...(sha256 !== undefined && { sha256 }),
      ...(isYoung && { isYoung }),
    };
    this.findings.foundStored(entry);
    await index.write(Buffer.from(formatIndexLine(entry)));
  }

  /** Since it was listed: the archive may hold half of it old and half new. */
  private async isChanged({ path, ctime, inode }: WalkedEntry): Promise<boolean> {
    try {
      const stats = await lstat(absolutePath(this.root, path), { bigint: true });
      return secondsOf(stats.ctimeNs) !== ctime || String(stats.ino) !== inode;
    } catch (error) {
      if (isGone(error)) return false; // It was read whole, from beyond its end.
      throw unreadable(this.root, path, error);
    }
  }
}

function leftOut(path: string): BackupError {
  return new BackupError('tool-failed', `tar left ${describePath(path)} out, which is there and can be read`);
}

async function* copyTo(archive: CompressedSink, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    await archive.write(chunk);
    yield chunk;
  }
}
