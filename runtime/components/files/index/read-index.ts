/** Reads the index of a volume from the vault, a line at a time, and refuses what no walk through a directory gives. */
import type { FilesManifest, FilesVolume, StoredObject } from '../../../../model';
import { BackupError } from '../../../errors';
import { openArchive, type ArchiveOrigin } from '../../dump/verified-archive';
import { comparePaths, describePath, parentOf, type FileEntry } from '../entry';
import { isDeletion, parseIndexLine, pathOfLine, type IndexLine } from './index-line';

/** Names are at most 4,096 bytes long; a line is not ten times as long. */
const MAXIMUM_LINE_BYTES = 64 * 1024;

/**
 * All that there was in a volume, as of the point: what its own archive holds and what older ones hold, in one order. Each entry
 * lies in a directory that came before it, so that nothing can be written through a link.
 */
export async function* readEntries(
  origin: ArchiveOrigin,
  manifest: Pick<FilesManifest, 'objects'>,
  volume: FilesVolume,
  onBytes?: (sizeBytes: number) => void,
): AsyncGenerator<FileEntry> {
  const { objects } = manifest;
  const stored = readIndex(origin, objects[volume.storedIndex], onBytes);
  const kept = volume.keptIndex === null ? undefined : readIndex(origin, objects[volume.keptIndex], onBytes);
  const tree = new TreeCheck();
  for await (const { line, from } of mergeLines(stored, kept)) {
    if (isDeletion(line)) continue;
    const isOwn = line.archive === 0;
    if (isOwn !== (from === 'stored') || line.archive > volume.builtOn.length) {
      throw damaged(`${describePath(line.path)} is said to be in archive ${line.archive}`);
    }
    tree.require(line);
    yield line;
  }
  tree.requireSomething();
}

/** The lines of one object, in rising order. */
export async function* readIndex(
  origin: ArchiveOrigin,
  object: StoredObject,
  onBytes?: (sizeBytes: number) => void,
): AsyncGenerator<IndexLine> {
  const index = openArchive(origin, object, onBytes);
  let before: string | undefined;
  try {
    for await (const text of linesOf(index.bytes)) {
      const line = parseIndexLine(text);
      const path = pathOfLine(line);
      if (before !== undefined && comparePaths(before, path) >= 0) {
        throw damaged(`${describePath(path)} comes after ${describePath(before)}`);
      }
      before = path;
      yield line;
    }
    await index.ended();
  } finally {
    await index.stop();
  }
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
      yield bytes.toString('utf8', start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > MAXIMUM_LINE_BYTES) throw damaged('it holds a line that has no end');
  }
  if (rest.length > 0) throw damaged('its last line is cut');
}

interface Line {
  readonly line: IndexLine;
  readonly from: 'stored' | 'kept';
}

async function* mergeLines(
  stored: AsyncGenerator<IndexLine>,
  kept: AsyncGenerator<IndexLine> | undefined,
): AsyncGenerator<Line> {
  try {
    let own = await stored.next();
    let old = await kept?.next();
    for (;;) {
      const order = own.done ? 1 : !old || old.done ? -1 : comparePaths(pathOfLine(own.value), pathOfLine(old.value));
      if (order === 0) throw damaged(`it names ${describePath(pathOfLine(own.value as IndexLine))} twice`);
      if (order < 0 && !own.done) {
        yield { line: own.value, from: 'stored' };
        own = await stored.next();
      } else if (old && !old.done) {
        yield { line: old.value, from: 'kept' };
        old = await kept?.next();
      } else {
        return;
      }
    }
  } finally {
    await stored.return(undefined);
    await kept?.return(undefined);
  }
}

/** Holds the directories on the way to the last entry, and nothing else. */
class TreeCheck {
  private readonly open: string[] = [];
  private isEmpty = true;

  require({ path, type, linkTarget }: FileEntry): void {
    const parent = parentOf(path);
    while (this.open.length > 0 && this.open.at(-1) !== parent) this.open.pop();
    if (this.isEmpty ? path !== '' || type !== 'directory' : this.open.length === 0) {
      throw damaged(`${describePath(path)} is in no directory`);
    }
    if (type === 'hard link' && comparePaths(linkTarget ?? '', path) >= 0) {
      throw damaged(`${describePath(path)} is a link to what comes after it`);
    }
    this.isEmpty = false;
    if (type === 'directory') this.open.push(path);
  }

  requireSomething(): void {
    if (this.isEmpty) throw damaged('it names nothing at all');
  }
}

function damaged(detail: string): BackupError {
  return new BackupError('archive-damaged', 'the index of a volume is not as it was written', { detail });
}
