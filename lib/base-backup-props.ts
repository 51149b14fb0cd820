import { Duration } from 'aws-cdk-lib';
import { PostgresSource } from './postgres-source';
import { ScheduledComponentProps } from './scheduled-component';
import { WalArchive } from './wal-archive';

/**
 * How a server comes to the point at which a base backup begins.
 */
export enum BaseBackupCheckpoint {
  /** It writes what is dirty at once: the backup begins soon, and the disk has more to do for a while. */
  FAST = 'fast',
  /** It takes its usual time, up to minutes. */
  SPREAD = 'spread',
}

/**
 * How base backups are made.
 */
export interface BaseBackupOptions {
  /**
   * Whether, between full ones, only what changed since the newest verified one is stored. For PostgreSQL 17 and later, with
   * `summarize_wal = on`. Where it cannot be had, a full one is made.
   *
   * @default false - each is full
   */
  readonly incremental?: boolean;

  /**
   * How often everything is stored again, in whole seconds. A restore reads a full one and all since; only with `incremental`.
   *
   * @default Duration.days(7)
   */
  readonly fullEvery?: Duration;

  /**
   * How the server comes to the point at which it begins.
   *
   * @default BaseBackupCheckpoint.FAST
   */
  readonly checkpoint?: BaseBackupCheckpoint;

  /**
   * Whether the source is a standby. One is refused at run time unless this says so, and a primary when it does.
   *
   * @default false
   */
  readonly fromStandby?: boolean;

  /**
   * How long the log that a base backup needs may take into the archive. After that it has failed. Longer than the archive's
   * `archiveTimeout`.
   *
   * @default Duration.minutes(15)
   */
  readonly walTimeout?: Duration;

  /**
   * Level of zstd, 1 to 19. Higher ones cost much more processor time for little less to store.
   *
   * @default 1
   */
  readonly compressionLevel?: number;
}

/**
 * Base backups of a whole server that you run yourself. RDS and Aurora let nobody make one.
 */
export interface BaseBackupProps extends ScheduledComponentProps, BaseBackupOptions {
  /** The server. Its role needs `REPLICATION`, and `pg_hba.conf` a line for the database `replication`. */
  readonly source: PostgresSource;

  /** Where the server archives its log. Without its log a base backup restores nothing. */
  readonly wal: WalArchive;
}
