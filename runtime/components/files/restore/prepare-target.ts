import { lstat, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { BackupError } from '../../../errors';
import { describePath, pathFromBytes, textOf, type FileEntry } from '../entry';
import type { RestoreFilesRequest } from '../types';
import { absolutePath, isGone } from '../walk';

/** Makes the directory and sees to what is in it. Gives its path without any link on the way. */
export async function prepareTarget(directory: string, existing: RestoreFilesRequest['existing']): Promise<string> {
  try {
    await mkdir(directory, { recursive: true });
    const root = pathFromBytes(await realpath(directory, { encoding: 'buffer' }));
    // It is given to tar as an argument, which is text.
    if (textOf(root) === undefined) throw new Error(`${describePath(root)} is not UTF-8`);
    const names = await readdir(absolutePath(root, ''), { encoding: 'latin1' });
    if (names.length > 0 && existing === 'refuse') throw notEmpty(directory, names);
    if (existing === 'clean') {
      for (const name of names) await rm(absolutePath(root, name), { recursive: true, force: true });
    }
    return root;
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError('restore-failed', `cannot make ${JSON.stringify(directory)} ready`, {
      detail: (error as Error).message,
      hint: 'Name a directory that may be written to, or one that can be made.',
      cause: error,
    });
  }
}

/** Makes a directory of the backup, for its content to be put into; what it is like comes last. */
export async function makeDirectory(root: string, { path }: FileEntry): Promise<void> {
  const place = absolutePath(root, path);
  const found = await kindOf(place);
  if (found === 'directory') return;
  if (found !== undefined) {
    throw new BackupError(
      'target-not-empty',
      `${describePath(path)} is a directory in the backup, and ${found} in the target`,
      {
        hint: 'Take it away, restore elsewhere, or give --clean.',
      },
    );
  }
  await mkdir(place, { mode: 0o700 });
}

async function kindOf(place: Buffer): Promise<string | undefined> {
  try {
    const stats = await lstat(place);
    return stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'a symbolic link' : 'no directory';
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function notEmpty(directory: string, names: readonly string[]): BackupError {
  return new BackupError('target-not-empty', `the directory ${JSON.stringify(directory)} is not empty`, {
    detail: `it holds ${names.slice(0, 5).map(describePath).join(', ')}${names.length > 5 ? ', …' : ''}`,
    hint: 'Restore into an empty one; or give --overwrite (what is not in the backup stays) or --clean (nothing stays).',
  });
}
