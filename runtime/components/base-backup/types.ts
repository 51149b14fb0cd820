import type { BaseBackupManifest, RetentionClass } from '../../../model';
import type { MadePoint } from '../../catalog/make-point';
import type { RecoveryPoint } from '../../catalog/recovery-point';

export type BaseBackupPoint = RecoveryPoint<BaseBackupManifest>;

/** What to back up and how. */
export interface BaseBackupRequest {
  readonly source: string;
  readonly class: RetentionClass;
  /** The scheduler's time of firing: two runs with the same time make one recovery point, the later one is skipped. */
  readonly scheduledAt?: Date;
  /** `fast`: the server writes its dirty pages at once; `spread`: over its checkpoint's usual time, before the first byte. */
  readonly checkpoint: 'fast' | 'spread';
  /**
   * In between, what changed since the newest good one is stored: of PostgreSQL 17 and later with `summarize_wal`.
   *
   * @default - each is full
   */
  readonly fullEverySeconds?: number;
  /** What the connection must lead to. */
  readonly server: 'primary' | 'standby';
  /** zstd level. */
  readonly compressionLevel: number;
  /** How long the log that it needs may take into the archive, and how long the server may be silent while it sends. */
  readonly walTimeoutSeconds: number;
  /**
   * Where archives lie on the way when there are tablespaces: `pg_basebackup` writes more than one into files only. Also the list
   * of files that an incremental one is made against.
   */
  readonly scratchDirectory: string;
}

export type BaseBackupResult = MadePoint<BaseBackupManifest>;
