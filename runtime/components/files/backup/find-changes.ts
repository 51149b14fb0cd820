/** What a volume holds now against what an index says: both in the same order, so neither is ever held as a whole. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { comparePaths, type FileEntry } from '../entry';
import { absolutePath, isGone, unreadable, type WalkedEntry } from '../walk';

export type Change =
  /** New, changed, or not certainly the same. */
  | { readonly kind: 'store'; readonly walked: WalkedEntry }
  | { readonly kind: 'keep'; readonly walked: WalkedEntry; readonly entry: FileEntry }
  | { readonly kind: 'deleted'; readonly path: string };

export async function* findChanges(
  root: string,
  walked: AsyncIterable<WalkedEntry>,
  before: AsyncIterable<FileEntry>,
): AsyncGenerator<Change> {
  const names = new FirstNames();
  const older = before[Symbol.asyncIterator]();
  try {
    let old = await older.next();
    for await (const now of walked) {
      while (!old.done && comparePaths(old.value.path, now.path) < 0) {
        yield { kind: 'deleted', path: old.value.path };
        old = await older.next();
      }
      const first = names.of(now);
      if (old.done || old.value.path !== now.path) {
        yield { kind: 'store', walked: now };
        continue;
      }
      const entry = old.value;
      old = await older.next();
      if (await isUnchanged(root, now, entry, first)) {
        yield { kind: 'keep', walked: now, entry: { ...entry, isYoung: now.isYoung } };
      } else {
        yield { kind: 'store', walked: now };
      }
    }
    for (; !old.done; old = await older.next()) yield { kind: 'deleted', path: old.value.path };
  } finally {
    await older.return?.();
  }
}

/** Of files with several names, the one that came first. Its memory is all that grows with a volume, by such files alone. */
class FirstNames {
  private readonly names = new Map<string, string>();

  of({ type, links, device, inode, path }: WalkedEntry): string {
    if (type !== 'file' || links < 2) return path;
    const file = `${device}:${inode}`;
    const first = this.names.get(file) ?? path;
    this.names.set(file, first);
    return first;
  }
}

/**
 * The file system sets the time of a change, and no program can set it back: what has the same one is the same. But two changes
 * within a tick of its clock have one time: what was young when it was looked at is compared by its content.
 */
async function isUnchanged(root: string, now: WalkedEntry, before: FileEntry, firstName: string): Promise<boolean> {
  const isSame =
    now.mode === before.mode &&
    now.uid === before.uid &&
    now.gid === before.gid &&
    now.mtime === before.mtime &&
    now.ctime === before.ctime &&
    now.inode === before.inode;
  if (!isSame) return false;
  if (before.type === 'hard link') return now.type === 'file' && before.linkTarget === firstName;
  if (now.type !== before.type || firstName !== now.path || now.sizeBytes !== before.sizeBytes) return false;
  if (!before.isYoung || now.type === 'directory') return true;
  return now.type === 'file' && (await digestOf(root, now.path)) === before.sha256;
}

/** Hex; nothing when it is not there any more. */
export async function digestOf(root: string, path: string): Promise<string | undefined> {
  try {
    // What was swapped for a link meanwhile is not followed, and a pipe not waited for.
    const file = await open(absolutePath(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    return await digestOfOpen(file).finally(() => file.close());
  } catch (error) {
    if (isGone(error) || (error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw unreadable(root, path, error);
  }
}

/** Most files are smaller: a stream for each would cost more than its bytes. */
const READ_BYTES = 128 * 1024;

async function digestOfOpen(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, READ_BYTES, null);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
  }
}
