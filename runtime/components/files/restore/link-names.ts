import { link, lstat, realpath, rm } from 'node:fs/promises';
import { BackupError } from '../../../errors';
import { describePath, parentOf, pathFromBytes, type FileEntry } from '../entry';
import { absolutePath } from '../walk';

/** Gives restored files their further names. Each must be that of a file that lies where its path says, by no link on the way. */
export async function linkNames(root: string, links: AsyncIterable<FileEntry>, existing: string): Promise<void> {
  for await (const { path, linkTarget = '' } of links) {
    await requireInside(root, path, linkTarget);
    const place = absolutePath(root, path);
    if (existing === 'overwrite') await rm(place, { force: true });
    await link(absolutePath(root, linkTarget), place).catch((error: unknown) => {
      throw new BackupError(
        'restore-failed',
        `cannot give ${describePath(linkTarget)} the name ${describePath(path)}`,
        {
          detail: (error as Error).message,
          cause: error,
        },
      );
    });
  }
}

async function requireInside(root: string, path: string, target: string): Promise<void> {
  const parent = absolutePath(root, parentOf(target) ?? '');
  const isDirect = pathFromBytes(await realpath(parent, { encoding: 'buffer' })) === pathFromBytes(parent);
  if (isDirect && (await lstat(absolutePath(root, target))).isFile()) return;
  throw new BackupError('archive-damaged', `${describePath(path)} is a hard link to what is no file of the volume`, {
    detail: `it names ${describePath(target)}`,
  });
}
