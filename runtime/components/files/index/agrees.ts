import type { FileEntry } from '../entry';
import type { TarHead } from '../tar/tar-head';

/** Whether an entry of an archive is what the index says of it: two places that say the same, or neither is believed. */
export function agrees(head: TarHead, entry: FileEntry): boolean {
  return (
    head.path === entry.path &&
    head.type === entry.type &&
    head.sizeBytes === entry.sizeBytes &&
    head.linkTarget === entry.linkTarget &&
    head.mode === entry.mode &&
    head.uid === entry.uid &&
    head.gid === entry.gid &&
    head.mtime === entry.mtime
  );
}
