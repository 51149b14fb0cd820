import { Duration } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { BackupFunctionOptions } from './backup-function';
import { ManagedDatabase } from './managed-database';

/**
 * What was promised of a managed window.
 */
export interface ManagedWindowPromise {
  /**
   * Automated backups must be kept for so long, at least, and the window reach back so far once the database is old enough.
   * Whole days, 1 to 35.
   *
   * @default Duration.days(7)
   */
  readonly retention?: Duration;

  /**
   * Whether the storage, and with it each snapshot, must be encrypted.
   *
   * @default true
   */
  readonly encrypted?: boolean;

  /**
   * Whether deletion protection must be on: with the database, its automated backups go too, unless somebody thinks of them.
   *
   * @default true
   */
  readonly deletionProtection?: boolean;

  /**
   * How much of the latest work may be lost: the age of the newest moment that can be restored above which the alarm goes off.
   * More than ten minutes: RDS puts its log away every five.
   *
   * @default Duration.minutes(30)
   */
  readonly recoveryPointObjective?: Duration;

  /**
   * Age of the newest automated snapshot above which the alarm goes off. More than a day: there is one daily.
   *
   * @default Duration.hours(36)
   */
  readonly snapshotAge?: Duration;
}

/**
 * Which managed window is watched, and what was promised of it.
 */
export interface ManagedWindowProps extends BackupFunctionOptions, ManagedWindowPromise {
  /** Name of the source. */
  readonly sourceName: string;

  /** The database. */
  readonly database: ManagedDatabase;

  /** Topic that alarms are published to. */
  readonly topic: sns.ITopic;

  /**
   * Key that encrypts the log of the function. Its policy is extended so that CloudWatch Logs may use it.
   *
   * @default - a new one
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Where a look that could not be started is kept for a person to look at.
   *
   * @default - a new queue
   */
  readonly deadLetterQueue?: sqs.IQueue;

  /**
   * Where the runbooks that alarms link to are found.
   *
   * @default - those of this package
   */
  readonly runbooksUrl?: string;
}
