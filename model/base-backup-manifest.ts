import type { ItemsManifest } from './manifest-head';
import type { WalNeed } from './wal-need';

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
  /** PostgreSQL's `backup_manifest`; `null` where it is in the archive itself. */
  readonly backupManifest: number | null;
  readonly tablespaces: readonly BackedUpTablespace[];
  /** Of all files, uncompressed. */
  readonly contentBytes: number;
}

/** A tablespace besides the two that are within the data directory. */
export interface BackedUpTablespace {
  readonly oid: number;
  /** Where it was on the server. */
  readonly location: string;
  /** Of its tar archive. */
  readonly archive: number;
}
