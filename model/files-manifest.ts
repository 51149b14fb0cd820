import type { RetentionClass } from './component';
import type { LackedPart } from './lacked-part';
import type { ItemsManifest } from './manifest-head';

/** In a volume's folder of a recovery point. What a run is built on is read from these two, and no content from anywhere. */
export const FILES_INDEX_NAMES = { stored: 'stored.jsonl.zst', kept: 'kept.jsonl.zst' } as const;
export const FILES_ARCHIVE_NAME = 'archive.tar.zst';

/** The manifest of volumes of files. An item is a file, a directory or a link. */
export interface FilesManifest extends ItemsManifest {
  readonly component: 'files';
  /** GNU tar's, that wrote the archives. */
  readonly client: { readonly tar: string; readonly zstd: string };
  readonly volumes: readonly FilesVolume[];
  /** Absent where there is nothing else. */
  readonly lacks?: readonly LackedPart[];
}

/** What there was below one directory. */
export interface FilesVolume {
  readonly name: string;
  /** Whether the archive holds everything, or what changed since the point that it was built on. */
  readonly kind: 'full' | 'incremental';
  /** When the listing began. */
  readonly listedAt: string;
  /** A tar archive (pax format), compressed with zstd. This and the next two are indexes into the manifest's `objects`. */
  readonly archive: number;
  /** JSON lines, compressed with zstd: the entries that are in the archive. */
  readonly storedIndex: number;
  /** The entries that are in older archives, and what was deleted since; `null` in a full one. */
  readonly keptIndex: number | null;
  /** Whose archives hold the entries of `keptIndex`, the oldest first. */
  readonly builtOn: readonly OlderArchive[];
  readonly counts: FilesCounts;
}

export interface OlderArchive {
  /** A recovery point's id. */
  readonly point: string;
  readonly class: RetentionClass;
  /** Of the compressed archive of this volume in it, hex. */
  readonly archiveSha256: string;
}

export interface FilesCounts {
  readonly files: number;
  readonly directories: number;
  readonly symbolicLinks: number;
  readonly hardLinks: number;
  /** Of all files, as of this point; holes count. */
  readonly contentBytes: number;
  /** Entries in this point's own archive. */
  readonly stored: number;
  /** Entries in older archives. */
  readonly unchanged: number;
  /** Since the point that it was built on. */
  readonly deleted: number;
  /** Written to while they were read: such a file may be stored half old, half new. The next run stores it again. */
  readonly changedWhileRead: number;
  /** Listed, and gone before they were read. */
  readonly vanished: number;
  /** Sockets, pipes and devices: they are not backed up. */
  readonly special: number;
}

/** Says what is wrong with a volume's name, or nothing. It is part of keys in the vault and of paths. */
export function volumeNameProblem(name: string): string | undefined {
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return undefined;
  return 'use 1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit';
}
