import type { WriteStream } from 'node:fs';
import type { StoredObject } from '../../../../model';
import { BackupError } from '../../../errors';
import { describeExit, requireSuccess, startStage, type Stage, type StageExit } from '../../../process/stage';
import { openArchive } from '../../dump/verified-archive';
import { writeTo } from '../backup/write-to';
import { comparePaths, describePath, type FileEntry } from '../entry';
import { agrees } from '../index/agrees';
import { readTar } from '../tar/read-tar';
import { BLOCK_BYTES, damaged, type TarHead } from '../tar/tar-head';
import { IS_ROOT, type VolumeRestore } from './volume-restore';

/** The end of an archive. */
export const END_OF_ARCHIVE = Buffer.alloc(2 * BLOCK_BYTES);

/**
 * Gives stock tar those entries of an archive that are wanted, and nothing else: each as the index has it, each below a directory
 * that was made before. What an archive holds besides (a path that leads out, a link to be written through) never reaches tar.
 *
 * @param wanted in the order of the index
 * @param directories takes the headers of directories, which are restored last
 */
export async function extractArchive(
  restore: VolumeRestore,
  object: StoredObject,
  wanted: AsyncIterable<FileEntry>,
  directories: WriteStream,
): Promise<void> {
  const { origin, step } = restore;
  const entries = wanted[Symbol.asyncIterator]() as AsyncIterator<FileEntry, undefined>;
  // Before the archive is opened: what a process gives is lost when it ends before anybody reads it.
  const first = await entries.next();
  const archive = openArchive(origin, object, (sizeBytes) => step.advance(sizeBytes));
  const tar = startExtraction(restore, restore.request.existing === 'refuse' ? '--keep-old-files' : '--unlink-first');
  const feed = new Feed(tar, directories);
  try {
    await copyWanted(archive.bytes, first, entries, feed);
    await archive.ended();
    await feed.end();
  } catch (error) {
    throw await tarsFailure(tar, error, origin.signal);
  } finally {
    await entries.return?.();
    await archive.stop();
  }
  await endExtraction(tar, restore);
}

/** Both are in one order: of the archive, each entry that is not the next one wanted is passed over. */
async function copyWanted(
  bytes: AsyncIterable<Buffer>,
  first: IteratorResult<FileEntry, undefined>,
  entries: AsyncIterator<FileEntry, undefined>,
  feed: Feed,
): Promise<void> {
  let next = first;
  let isCopied = false;
  for await (const event of readTar(bytes)) {
    if (event.kind === 'entry') {
      const { head, raw } = event;
      isCopied = !next.done && next.value.path === head.path;
      if (!next.done && comparePaths(next.value.path, head.path) < 0) throw absent(next.value);
      if (isCopied && !next.done && !agrees(head, next.value)) {
        throw damaged(`${describePath(head.path)} is another in the archive than in the index`);
      }
      if (isCopied) await feed.write(head, raw);
    } else if (event.kind === 'data') {
      if (isCopied) await feed.writeContent(event.raw);
    } else if (isCopied && !next.done) {
      if (event.sha256 !== next.value.sha256) {
        throw damaged(`the content of ${describePath(next.value.path)} is another`);
      }
      next = await entries.next();
    }
  }
  if (!next.done) throw absent(next.value);
}

function absent({ path }: FileEntry): BackupError {
  return damaged(`${describePath(path)} is in the index and not in the archive`);
}

/** Where the bytes of entries go. Small ones are gathered first. */
class Feed {
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;

  constructor(
    private readonly tar: Stage,
    private readonly directories: WriteStream,
  ) {}

  async write({ type }: TarHead, raw: Buffer): Promise<void> {
    if (type !== 'directory') return this.writeContent(raw);
    if ((await writeTo(this.directories, raw)) === 'gone') throw listFailure(this.directories.errored);
  }

  async writeContent(raw: Buffer): Promise<void> {
    this.gathered.push(raw);
    this.gatheredBytes += raw.length;
    if (this.gatheredBytes >= 64 * 1024) await this.flush();
  }

  async end(): Promise<void> {
    await this.writeContent(END_OF_ARCHIVE);
    await this.flush();
    this.tar.stdin?.end();
  }

  private async flush(): Promise<void> {
    const bytes = Buffer.concat(this.gathered);
    this.gathered = [];
    this.gatheredBytes = 0;
    if (!this.tar.stdin || (await writeTo(this.tar.stdin, bytes)) === 'gone') throw new TarIsGone();
  }
}

/** The list of directories could not be written. */
export function listFailure(error: Error | null): BackupError {
  return new BackupError('restore-failed', 'cannot keep the list of directories while files are restored', {
    detail: error?.message,
    hint: 'Make room in the directory for temporary files, or name another in TMPDIR.',
  });
}

/** Its exit says why. */
class TarIsGone extends Error {}

/** A tar that takes an archive on its stdin. */
export function startExtraction(
  { tar, root, origin }: VolumeRestore,
  existing: '--keep-old-files' | '--unlink-first' | '--overwrite-dir',
): Stage {
  const stage = startStage({
    name: 'tar',
    file: tar.program,
    args: [
      '--extract',
      '--file=-',
      `--directory=${describePath(root)}`,
      existing,
      '--same-permissions',
      '--numeric-owner',
      IS_ROOT ? '--same-owner' : '--no-same-owner',
      ...tar.attributes,
      ...(IS_ROOT && tar.attributes.includes('--xattrs') ? ['--xattrs-include=*'] : []),
      '--delay-directory-restore',
      '--warning=no-timestamp',
    ],
    env: { LC_ALL: 'C', TZ: 'UTC' },
    stdin: 'pipe',
    stdout: 'ignore',
    signal: origin.signal,
  });
  stage.stdin?.on('error', () => undefined);
  return stage;
}

export async function endExtraction(tar: Stage, { origin, warnings }: VolumeRestore): Promise<void> {
  const exit = await tar.exited;
  requireSuccess([exit], extractionFailure, origin.signal);
  const words = exit.lastWords.trim();
  if (words !== '') warnings.push(`tar says: ${words.slice(-500)}`);
}

async function tarsFailure(tar: Stage, error: unknown, signal: AbortSignal): Promise<unknown> {
  if (!(error instanceof TarIsGone)) tar.stop();
  const exit = await tar.exited;
  signal.throwIfAborted();
  return error instanceof TarIsGone ? extractionFailure(exit) : error;
}

function extractionFailure(exit: StageExit): BackupError {
  const isFull = /no space left on device|disk quota exceeded/i.test(exit.lastWords);
  return new BackupError(isFull ? 'disk-full' : 'restore-failed', `tar ${describeExit(exit)} while it restored files`, {
    detail: exit.lastWords.trim() || undefined,
    hint: isFull ? 'Make room, and restore again with --clean.' : undefined,
  });
}
