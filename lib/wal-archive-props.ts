import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { IConstruct } from 'constructs';
import { BackupFunctionOptions } from './backup-function';
import { IBackupVault } from './backup-vault-props';

/**
 * An archive of the write-ahead log, as those see it who write to it.
 */
export interface IWalArchive extends IConstruct {
  /** Name of the source. */
  readonly sourceName: string;

  /** Where the log is archived. */
  readonly vault: IBackupVault;

  /**
   * Lets the server's machine archive: its instance's role, its task's role. It can write the log and nothing else.
   *
   * @param grantee who may archive
   */
  grantPush(grantee: iam.IGrantable): iam.Grant;

  /**
   * Lets a role find by name what is archived, and read none of it: a base backup is a recovery point when its log is there.
   *
   * @param grantee who may look
   */
  grantFind(grantee: iam.IGrantable): iam.Grant;
}

/**
 * What the settings of the server say.
 */
export interface WalSettingsOptions {
  /**
   * The program on the server's machine: its name, or its absolute path.
   *
   * @default 'postgres-backup'
   */
  readonly program?: string;

  /**
   * Unix socket on which `postgres-backup archive-helper` answers.
   *
   * @default '/run/postgres-backup/archive.sock'
   */
  readonly socketPath?: string;

  /**
   * Directory, on the machine that recovers, for segments that are fetched ahead.
   *
   * @default - none are fetched ahead
   */
  readonly spoolDirectory?: string;

  /**
   * After this time the server ends a segment that is not full, so that it is archived. 1 second to 1 hour.
   *
   * @default Duration.minutes(1)
   */
  readonly archiveTimeout?: Duration;
}

/**
 * Where the write-ahead log of a server is archived, and what is expected of it.
 */
export interface WalArchiveProps extends WalSettingsOptions, BackupFunctionOptions {
  /** Name of the source. */
  readonly sourceName: string;

  /** Where the log is archived. */
  readonly vault: IBackupVault;

  /** Topic that alarms are published to. */
  readonly topic: sns.ITopic;

  /**
   * How much of the latest work may be lost: the age of the newest archived segment above which the alarm goes off. Longer than
   * twice the `archiveTimeout` and a minute.
   *
   * @default Duration.minutes(15)
   */
  readonly recoveryPointObjective?: Duration;

  /**
   * Key that encrypts the log of the audit. Its policy is extended so that CloudWatch Logs may use it.
   *
   * @default - the vault's, or a new one
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Where an audit that could not be started is kept for a person to look at.
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
