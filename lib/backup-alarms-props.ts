import { Duration } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { BackupComponent } from './backup-component';
import { BackupFreshness } from './backup-freshness';
import { BackupFunction } from './backup-function';
import { BackupPlan } from './backup-plan';
import { BackupReports } from './backup-reports';
import { IBackupVault } from './backup-vault-props';
import { Retention } from './retention';

/**
 * When the alarms of a component go off. Each can be adjusted, none can be left out.
 */
export interface ComponentAlarmOptions {
  /**
   * Age of the newest good backup, counted from when it was begun, above which the alarm goes off. Longer than the time
   * between two runs.
   *
   * @default - the longest time between two runs of the plan's most frequent rule and a twelfth of it, at least an hour: 2 h for
   * an hourly plan, 26 h for a daily one; 48 h more where objects of a replica are among it, whose lists may be as old
   */
  readonly newestAge?: Duration;

  /**
   * Age of the newest verified backup above which the alarm goes off.
   *
   * @default - an hour more than `newestAge`; 25 hours more where the vault is an existing bucket, because without its events new
   * backups wait for the daily verification of all
   */
  readonly newestVerifiedAge?: Duration;

  /**
   * Time since the last verification of any backup that is kept above which the alarm goes off. All of them are verified daily.
   * Longer than the time between two runs of `verification.sweepSchedule`.
   *
   * @default Duration.hours(36)
   */
  readonly oldestVerificationAge?: Duration;

  /**
   * The alarm goes off when retention did not do its work for as long: whole hours, from 2 to 168, and longer than the time between
   * two runs of `retention.schedule`.
   *
   * @default Duration.hours(36)
   */
  readonly retentionWithin?: Duration;

  /**
   * Starts of the task that AWS refuses within 15 minutes before the alarm goes off. Each is tried again, so a few are no harm.
   *
   * @default 3
   */
  readonly refusedStarts?: number;
}

/**
 * When the alarms of a backup go off. Each can be adjusted, none can be left out.
 */
export interface BackupAlarmOptions extends ComponentAlarmOptions {
  /**
   * Where the runbooks that alarms link to are found.
   *
   * @default - those of this package
   */
  readonly runbooksUrl?: string;
}

/**
 * The disk of a task.
 */
export interface WatchedStorage {
  /** Cluster that the task runs in. Without Container Insights nothing is told of its disk. */
  readonly cluster: ecs.ICluster;

  /** Family of the task definition. */
  readonly family: string;
}

/**
 * What the alarms of one component watch.
 */
export interface ComponentAlarmsProps extends BackupAlarmOptions {
  /** Name of the source. */
  readonly sourceName: string;

  /** The component that is backed up. */
  readonly component: BackupComponent;

  /** Where the backups are stored. */
  readonly vault: IBackupVault;

  /** When backups are made. */
  readonly plan: BackupPlan;

  /**
   * How much older than its run the data of a recovery point may be: of a replica, whose lists S3 makes by itself.
   *
   * @default Duration.seconds(0)
   */
  readonly dataLag?: Duration;

  /** What publishes how they stand. */
  readonly freshness: BackupFreshness;

  /**
   * What counts tasks that never started.
   *
   * @default - they are not counted: such a run shows as age alone
   */
  readonly reports?: BackupReports;

  /**
   * What ends old backups.
   *
   * @default - whether it does its work is not watched
   */
  readonly retention?: Retention;

  /**
   * The task's disk, if it was given one.
   *
   * @default - it is not watched
   */
  readonly storage?: WatchedStorage;

  /** Group of the schedules that start the backups. */
  readonly scheduleGroup: scheduler.IScheduleGroup;

  /** Who is told. CloudWatch must be allowed to publish to it, and to use its key. */
  readonly topic: sns.ITopic;
}

/**
 * What the alarms watch.
 */
export interface BackupAlarmsProps extends ComponentAlarmsProps {
  /**
   * The other functions of the backup, by the name that their alarm gets.
   *
   * @default - none
   */
  readonly functions?: { [name: string]: BackupFunction };

  /** Where what could not be started or handled is kept. */
  readonly deadLetterQueue: sqs.IQueue;
}
