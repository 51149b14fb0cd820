import { Duration, Size } from 'aws-cdk-lib';
import { BackupPlan } from './backup-plan';
import { BaseBackupOptions } from './base-backup-props';
import { ManagedWindowPromise } from './managed-window-props';
import { WalSettingsOptions } from './wal-archive-props';

/**
 * The archive of the log beside the dump.
 */
export interface AddedWalArchiveOptions extends WalSettingsOptions {
  /**
   * How much of the latest work may be lost: the age of the newest archived segment above which the alarm goes off.
   *
   * @default - 15 minutes, or the backup's own objective where that is shorter
   */
  readonly recoveryPointObjective?: Duration;

  /**
   * The heartbeat, without which an idle server archives nothing and the alarm goes off.
   *
   * @default - every five minutes, by a small task
   */
  readonly heartbeat?: AddedHeartbeatOptions;
}

/**
 * The heartbeat of the log.
 */
export interface AddedHeartbeatOptions {
  /**
   * Whether a task of this stack beats. `false` where something on the server runs `heartbeatSql`, such as `pg_cron`.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * How often. A minute to an hour, and in time for the objective.
   *
   * @default Duration.minutes(5)
   */
  readonly interval?: Duration;
}

/**
 * Base backups beside the dump.
 */
export interface AddedBaseBackupOptions extends BaseBackupOptions {
  /**
   * When they are made and how long they are kept: as far back reaches the window in which any moment can be restored.
   *
   * @default - daily ones kept for 14 days, weekly ones for 35: every month more would keep a month of log
   */
  readonly plan?: BackupPlan;

  /**
   * Disk of the task, for servers with tablespaces.
   *
   * @default - the 20 GiB that Fargate gives
   */
  readonly ephemeralStorage?: Size;
}

/**
 * The watch over the window of RDS and Aurora beside the dump.
 */
export interface AddedManagedWindowOptions extends ManagedWindowPromise {
  /**
   * Whether it is watched.
   *
   * @default true - of sources that are an instance or a cluster with automated backups
   */
  readonly enabled?: boolean;
}
