import type { RunContext } from '../../../context';
import type { Zstd } from '../../../postgres/zstd';
import type { StoredObject } from '../../../../model';
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
}

/** What the server sent, stored. */
export interface StoredBaseBackup {
  readonly archive: StoredObject;
  /** In the order of the server's tablespaces. */
  readonly tablespaces: readonly StoredObject[];
  /** Nothing where it is in the archive. */
  readonly manifestObject?: StoredObject;
  readonly manifest: BackupManifest;
}
