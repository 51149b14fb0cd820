import { lstat, readlink } from 'node:fs/promises';
import { digestOf } from '../backup/find-changes';
import { comparePaths, describePath, pathFromBytes, type FileEntry } from '../entry';
import { MOST_DIFFERENCES, type RestoredVolume } from '../types';
import { absolutePath, walk, type WalkedEntry } from '../walk';
import { IS_ROOT, type VolumeRestore } from './volume-restore';

type Compared = Pick<RestoredVolume, 'entries' | 'contentBytes' | 'differences' | 'differing'>;

/**
 * Holds what is on the disk against the index, name by name: what it is, whose, since when, and the digest of its content, read
 * back. What is there besides counts too, unless it was to stay.
 */
export async function compareRestored(
  { root, request, origin, step }: VolumeRestore,
  wanted: AsyncIterable<FileEntry>,
): Promise<Compared> {
  const comparison = new Comparison();
  const observer = {
    special: (path: string, kind: string) => comparison.extra(path, request.existing, kind),
    vanished: (path: string) => comparison.differs(path, 'vanished while it was compared'),
  };
  const entries = wanted[Symbol.asyncIterator]() as AsyncIterator<FileEntry, undefined>;
  let next = await entries.next();
  const missingBefore = async (path: string | undefined) => {
    while (!next.done && (path === undefined || comparePaths(next.value.path, path) < 0)) {
      comparison.differs(next.value.path, 'is missing');
      next = await entries.next();
    }
  };
  try {
    for await (const found of walk(root, observer, origin.signal)) {
      await missingBefore(found.path);
      if (next.done || next.value.path !== found.path) {
        comparison.extra(found.path, request.existing);
        continue;
      }
      step.detail(`comparing ${describePath(found.path)}`);
      comparison.compared(found.path, next.value, await differenceOf(root, next.value, found));
      next = await entries.next();
    }
    await missingBefore(undefined);
  } finally {
    await entries.return?.();
  }
  return comparison;
}

class Comparison implements Compared {
  entries = 0;
  contentBytes = 0;
  differing = 0;
  readonly differences: string[] = [];

  compared(path: string, { sizeBytes }: FileEntry, difference: string | undefined): void {
    this.entries += 1;
    this.contentBytes += sizeBytes;
    if (difference !== undefined) this.differs(path, difference);
  }

  extra(path: string, existing: VolumeRestore['request']['existing'], kind = 'name'): void {
    if (existing !== 'overwrite') this.differs(path, `is a ${kind} that is not in the backup`);
  }

  differs(path: string, difference: string): void {
    this.differing += 1;
    if (this.differences.length < MOST_DIFFERENCES) this.differences.push(`${describePath(path)} ${difference}`);
  }
}

async function differenceOf(root: string, entry: FileEntry, found: WalkedEntry): Promise<string | undefined> {
  const { type, path, linkTarget = '' } = entry;
  if (found.type !== (type === 'hard link' ? 'file' : type)) return `is a ${found.type}, not a ${type}`;
  const metadata = metadataDifference(entry, found);
  if (metadata !== undefined) return metadata;
  if (type === 'symbolic link') {
    const says = pathFromBytes(await readlink(absolutePath(root, path), { encoding: 'buffer' }));
    return says === linkTarget ? undefined : `leads to ${describePath(says)}, not to ${describePath(linkTarget)}`;
  }
  if (type === 'hard link') {
    const target = await lstat(absolutePath(root, linkTarget), { bigint: true });
    return String(target.ino) === found.inode ? undefined : `is another file than ${describePath(linkTarget)}`;
  }
  if (type === 'directory') return undefined;
  if (found.sizeBytes !== entry.sizeBytes) return `has ${found.sizeBytes} bytes, not ${entry.sizeBytes}`;
  return (await digestOf(root, path)) === entry.sha256 ? undefined : 'has another content';
}

function metadataDifference(entry: FileEntry, found: WalkedEntry): string | undefined {
  if (IS_ROOT && (found.uid !== entry.uid || found.gid !== entry.gid)) {
    return `belongs to ${found.uid}:${found.gid}, not to ${entry.uid}:${entry.gid}`;
  }
  if (entry.type !== 'symbolic link' && found.mode !== entry.mode) {
    return `has the mode ${found.mode.toString(8)}, not ${entry.mode.toString(8)}`;
  }
  return found.mtime === entry.mtime ? undefined : `was changed at ${found.mtime}, not at ${entry.mtime}`;
}
