import type { RunContext } from '../../../context';
import type { Zstd } from '../../../postgres/zstd';
import type { BaseBackupLink, StoredObject } from '../../../../model';
import type { BackupManifest } from '../backup-manifest';
import type { BaseBackupRequest } from '../types';
import type { BackedUpServer } from './server';

/** Everything the steps of one base backup share. */
export interface BaseBackupRun {
  readonly request: BaseBackupRequest;
  readonly context: RunContext;
  /** Of the recovery point that is being made; ends with a slash. */
  readonly prefix: string;
  /** Its id. */
  readonly point: string;
  readonly server: BackedUpServer;
  readonly zstd: Zstd;
  /** For the manifest; told as they come. */
  readonly warnings: string[];
}

/** What only the changes since are asked for of. */
export interface Predecessor {
  /** The full one first, itself last. */
  readonly links: readonly BaseBackupLink[];
  /** PostgreSQL's list of what it holds. */
  readonly backupManifest: StoredObject;
}

/** What the server sent, stored. */
export interface StoredBaseBackup {
  readonly archive: StoredObject;
  /** In the order of the server's tablespaces. */
  readonly tablespaces: readonly StoredObject[];
  /** Nothing where it is in the archive alone. */
  readonly manifestObject?: StoredObject;
  readonly manifest: BackupManifest;
}
