import { Duration, Size } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { BackupAlarmOptions } from './backup-alarms-props';
import { BackupPlan } from './backup-plan';
import { BackupReportOptions } from './backup-reports';
import { BackupTaskOptions } from './backup-task';
import { IBackupVault } from './backup-vault-props';
import { Heartbeat } from './heartbeat';
import { Notify } from './notify';
import { AddedManagedWindowOptions } from './physical-options';
import { PgDumpOptions } from './pg-dump-backup';
import { PostgresSource } from './postgres-source';
import { RetentionOptions } from './retention';
import { SetSchedule } from './set-schedule';
import { VerificationOptions } from './verification';

/**
 * How a PostgreSQL system is backed up. Only `source` and `vpc` must be stated.
 */
export interface PostgresBackupProps extends PgDumpOptions, BackupTaskOptions {
  /** What is protected. */
  readonly source: PostgresSource;

  /** Network of the tasks. */
  readonly vpc: ec2.IVpc;

  /**
   * Subnets of the tasks. They need a way to S3, KMS, Secrets Manager, ECR and CloudWatch Logs, and to the server.
   *
   * @default - private subnets with a way out
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Where backups are stored. One vault can serve many sources.
   *
   * @default - a new vault, without a lock
   */
  readonly vault?: IBackupVault;

  /**
   * When backups are made and how long they are kept.
   *
   * @default BackupPlan.production()
   */
  readonly plan?: BackupPlan;

  /**
   * When all that is added is backed up together, as a set that is restored as one.
   *
   * @default - never by itself: each component by its own schedule, and a set when a person makes one
   */
  readonly sets?: SetSchedule;

  /**
   * The watch over the window in which RDS and Aurora restore any moment on their own, and what is promised of it.
   *
   * @default - it is watched where the source is made from an instance or a cluster; promised is what the template says of that
   */
  readonly managedWindow?: AddedManagedWindowOptions;

  /**
   * Cluster that the tasks run in. One cluster can serve many backups.
   *
   * @default - a new cluster, which costs nothing by itself
   */
  readonly cluster?: ecs.ICluster;

  /**
   * How much may be lost, at most: the time between two backups. Synthesis fails when neither the plan can give it, nor the archive
   * of the log with base backups, nor the window of RDS or Aurora. That a backup takes its time and is as old as its beginning
   * comes on top.
   *
   * @default - not stated
   */
  readonly recoveryPointObjective?: Duration;

  /**
   * How long a restore may take. At least a minute, which starting a task takes.
   *
   * @default - not stated
   */
  readonly recoveryTimeObjective?: Duration;

  /**
   * Key that encrypts the tasks' logs, and the vault if none is given. If it is imported, its policy must let CloudWatch
   * Logs use it.
   *
   * @default - the key of the vault, or a new one where the vault's key is imported
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * What a recovery point must be to pass its verification. Each is verified as soon as it is there, and all of them daily.
   *
   * @default - as many tables as `minimumTables`, and locked as the vault's lock says
   */
  readonly verification?: VerificationOptions;

  /**
   * What is kept whatever its age, and when the rest ends.
   *
   * @default - the newest three verified recovery points; the rest ends by the plan
   */
  readonly retention?: RetentionOptions;

  /**
   * When alarms go off.
   *
   * @default - from the plan
   */
  readonly alarms?: BackupAlarmOptions;

  /**
   * Who is told when an alarm goes off.
   *
   * @default - nobody but those who subscribe to the alarms' topic
   */
  readonly notify?: Notify[];

  /**
   * A dead man's switch outside of the account: told "alive" when a new backup was verified.
   *
   * @default - none
   */
  readonly heartbeat?: Heartbeat;

  /**
   * What is reported, when and to whom. Each run and each day is reported on in the vault.
   *
   * @default - people are sent a summary of each day on which not all was good
   */
  readonly reports?: BackupReportOptions;

  /**
   * Topic that alarms are published to. CloudWatch must be allowed to publish to it, and to use its key.
   *
   * @default - a new one, encrypted with a key of its own
   */
  readonly alarmTopic?: sns.ITopic;

  /**
   * Size of one recovery point as it is stored, compressed: a quarter to a tenth of the database. When it is stated, what
   * the plan costs a month is told at synthesis.
   *
   * @default - no estimate
   */
  readonly estimatedSize?: Size;
}
