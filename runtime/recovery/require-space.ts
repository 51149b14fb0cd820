import { stat, statfs } from 'node:fs/promises';
import { BackupError } from '../errors';
import { formatBytes } from '../observe/format';

/**
 * Whether as much is free where a server's files go. With tablespaces on disks of their own it is not known how much goes where: then
 * what is free on all of them counts, so that nothing is refused that fits.
 *
 * @param directories which are there
 * @throws BackupError `disk-full`
 */
export async function requireSpace(directories: readonly string[], neededBytes: number): Promise<void> {
  const free = new Map<number, number>();
  for (const directory of directories) {
    const [{ dev }, { bavail, bsize }] = await Promise.all([stat(directory), statfs(directory)]);
    free.set(dev, bavail * bsize);
  }
  const freeBytes = [...free.values()].reduce((sum, one) => sum + one, 0);
  if (freeBytes >= neededBytes) return;
  throw new BackupError('disk-full', `${directories.join(', ')} has not enough space for the server`, {
    detail: `It needs about ${formatBytes(neededBytes)}, ${formatBytes(freeBytes)} are free.`,
  });
}
