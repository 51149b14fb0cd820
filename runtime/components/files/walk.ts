import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { BackupError } from '../../errors';
import { describePath, pathBytes, secondsOf, type EntryType } from './entry';

/** What the file system says of one name. */
export interface WalkedEntry {
  readonly path: string;
  readonly type: Exclude<EntryType, 'hard link'>;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: string;
  readonly ctime: string;
  readonly inode: string;
  readonly device: string;
  /** Names of the same file, in this volume or outside. */
  readonly links: number;
  /** Changed less than a minute before it was looked at, by this machine's clock. */
  readonly isYoung: boolean;
}

/** What is told of names that are not given. */
export interface WalkObserver {
  /** A socket, a pipe or a device. */
  readonly special: (path: string, kind: string) => void;
  /** It was listed, and is not there any more. */
  readonly vanished: (path: string) => void;
}

/** Asked of a file system at once: one over a network answers many as fast as one. */
const ASKED_AT_ONCE = 64;
/** Times of a file are no finer than a clock's tick, and the clock is that of a server: this is far more than both. */
const YOUNG_NS = 60_000_000_000n;

/**
 * Everything below a directory, the directory itself first, in the order of an index. Symbolic links are not followed. What
 * cannot be looked at ends it: a backup without it would be one that nobody knows to be smaller.
 *
 * Memory: the names of the directories on the way to where it is, and nothing of what it has given.
 */
export async function* walk(root: string, observer: WalkObserver, signal: AbortSignal): AsyncGenerator<WalkedEntry> {
  const top = await lookAtRoot(root, observer);
  yield top;
  const open: Directory[] = [{ path: '', names: await list(root, '', observer), looked: [] }];
  for (let directory = open.at(-1); directory; directory = open.at(-1)) {
    signal.throwIfAborted();
    const entry = directory.looked.shift();
    if (entry) {
      yield entry;
      if (entry.type === 'directory') {
        open.push({ path: entry.path, names: await list(root, entry.path, observer), looked: [] });
      }
    } else if (directory.names.length > 0) {
      // From the end, which costs nothing: they are sorted the other way round.
      const names = directory.names.splice(-ASKED_AT_ONCE).reverse();
      const paths = names.map((name) => (directory.path === '' ? name : `${directory.path}/${name}`));
      const looked = await Promise.all(paths.map((path) => look(root, path, observer)));
      directory.looked = looked.filter((one) => one !== undefined);
    } else {
      open.pop();
    }
  }
}

/** The directory itself; `files-missing` when there is none. */
export async function lookAtRoot(root: string, observer: WalkObserver): Promise<WalkedEntry> {
  const top = await look(root, '', observer);
  if (top?.type === 'directory') return top;
  throw new BackupError('files-missing', `${describePath(root)} is no directory`, {
    detail: top === undefined ? 'there is nothing of this name' : `it is a ${top.type}`,
    hint: 'Name the directory that holds the files; where it is a mount, look whether it is mounted.',
  });
}

interface Directory {
  readonly path: string;
  /** Not yet looked at, the last one first. */
  readonly names: string[];
  looked: WalkedEntry[];
}

async function list(root: string, path: string, observer: WalkObserver): Promise<string[]> {
  try {
    const names = await readdir(absolutePath(root, path), { encoding: 'latin1' });
    return names.sort((a, b) => (a < b ? 1 : -1));
  } catch (error) {
    if (!isGone(error)) throw unreadable(root, path, error);
    observer.vanished(path);
    return [];
  }
}

async function look(root: string, path: string, observer: WalkObserver): Promise<WalkedEntry | undefined> {
  try {
    const stats = await lstat(absolutePath(root, path), { bigint: true });
    const type = typeOf(stats);
    if (type !== undefined) return walked(path, type, stats);
    observer.special(path, kindOf(stats));
  } catch (error) {
    if (!isGone(error)) throw unreadable(root, path, error);
    observer.vanished(path);
  }
  return undefined;
}

function walked(path: string, type: WalkedEntry['type'], stats: BigIntStats): WalkedEntry {
  return {
    path,
    type,
    sizeBytes: type === 'file' ? Number(stats.size) : 0,
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: secondsOf(stats.mtimeNs),
    ctime: secondsOf(stats.ctimeNs),
    inode: String(stats.ino),
    device: String(stats.dev),
    links: Number(stats.nlink),
    isYoung: stats.ctimeNs > BigInt(Date.now()) * 1_000_000n - YOUNG_NS,
  };
}

function typeOf(stats: BigIntStats): WalkedEntry['type'] | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symbolic link' : undefined;
}

function kindOf(stats: BigIntStats): string {
  if (stats.isSocket()) return 'socket';
  return stats.isFIFO() ? 'pipe' : 'device';
}

/** For the operating system, which takes bytes. */
export function absolutePath(root: string, path: string): Buffer {
  return pathBytes(path === '' ? root : `${root}/${path}`);
}

/** Its name leads nowhere any more. */
export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

export function unreadable(root: string, path: string, error: unknown): BackupError {
  return new BackupError(
    'file-unreadable',
    `cannot read ${describePath(absolutePath(root, path).toString('latin1'))}`,
    {
      detail: (error as Error).message,
      hint: 'Run as a user who may read everything, or take it out of the directory: nothing is left out silently.',
      cause: error,
    },
  );
}
