import type { RetentionClass } from './component';
import type { ItemsManifest } from './manifest-head';
import type { WalNeed } from './wal-need';

/** PostgreSQL's list of what it sent, in a recovery point: with it the next base backup can be one of what changed. */
export const BACKUP_MANIFEST_OBJECT = 'backup_manifest.zst';

/** The first major version that can send what changed. */
export const FIRST_INCREMENTAL_MAJOR = 17;

/** The manifest of a base backup of a whole server. An item is a file of the data directory. */
export interface BaseBackupManifest extends ItemsManifest {
  readonly component: 'base-backup';
  readonly server: {
    readonly version: string;
    readonly major: number;
    /** Whether it was taken from a standby. */
    readonly standby: boolean;
    /** Who took it, and which database it was connected to: by them a restored server can be asked how far it came. */
    readonly role: string;
    readonly database: string;
  };
  readonly client: { readonly postgres: string; readonly zstd: string };
  /** Without this part of the log it restores nothing. It was in the archive when the manifest was written. */
  readonly wal: WalNeed & { readonly segmentBytes: number };
  /** By the server's own clock, after the end: what was committed later is told apart by it. */
  readonly endedAt: string;
  /** A tar archive of the data directory, compressed with zstd. This and the next two are indexes into `objects`. */
  readonly archive: number;
  /** PostgreSQL's `backup_manifest`; `null` where it is in the archive alone. */
  readonly backupManifest: number | null;
  readonly tablespaces: readonly BackedUpTablespace[];
  /** Of all files as they were sent, uncompressed. */
  readonly contentBytes: number;
  /** What it holds the changes since, the full one first; absent or empty in a full one. */
  readonly builtOn?: readonly BaseBackupLink[];
}

/** A base backup that another one is built on. */
export interface BaseBackupLink {
  /** A recovery point's id. */
  readonly point: string;
  readonly class: RetentionClass;
  /** Of its compressed archive, hex. */
  readonly archiveSha256: string;
}

/** A tablespace besides the two that are within the data directory. */
export interface BackedUpTablespace {
  readonly oid: number;
  /** Where it was on the server. */
  readonly location: string;
  /** Of its tar archive. */
  readonly archive: number;
}
