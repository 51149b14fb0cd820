import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { BackupComponent } from './backup-component';
import { BackupPlan } from './backup-plan';
import { BackupTaskOptions } from './backup-task';
import { IBackupVault } from './backup-vault-props';
import { Check } from './check';
import { DrillSchedule } from './drill-schedule';
import { PostgresVersion } from './postgres-version';

/**
 * When something is restored for practice, in a task of its own.
 */
export interface DrillTiming extends BackupTaskOptions {
  /**
   * When.
   *
   * @default DrillSchedule.weekly()
   */
  readonly schedule?: DrillSchedule;

  /**
   * Age of the newest backup that passed a drill above which the alarm goes off, counted from when the drill began. Longer than
   * the time between two drills.
   *
   * @default - a day more than the longest time between two drills
   */
  readonly newestDrilledAge?: Duration;

  /**
   * Where the runbooks that alarms link to are found.
   *
   * @default - those of this package
   */
  readonly runbooksUrl?: string;
}

/**
 * How another component than the dump is restored for practice. The task's `ephemeralStorage` must hold the restored server, or
 * what is restored of the files; objects and configurations take none.
 */
export interface ComponentDrillOptions extends DrillTiming {
  /**
   * Of base backups: what must hold in the restored server.
   *
   * @default - none
   */
  readonly checks?: Check[];

  /**
   * Of objects and files: how many of each mirror or volume are restored, by lot.
   *
   * @default - 100, or one in a hundred where that is more
   */
  readonly sampleSize?: number;

  /**
   * Of objects and files: everything is restored in the first drill of each month, until one passed.
   *
   * @default true
   */
  readonly fullMonthly?: boolean;
}

/**
 * When a recovery point is restored for practice, and what is expected of it. The task's `ephemeralStorage` must hold the
 * restored database.
 */
export interface DrillOptions extends DrillTiming {
  /**
   * What must hold in the restored database, besides that it is as it was.
   *
   * @default - none
   */
  readonly checks?: Check[];

  /**
   * How many tables are restored at once, 1 to 32.
   *
   * @default 2
   */
  readonly jobs?: number;

  /**
   * Extensions that are made besides those that are known to do no harm to a server that runs whatever a dump holds. The image
   * must have them.
   *
   * @default - none
   */
  readonly allowedExtensions?: string[];
}

/**
 * What is restored for practice, and where.
 */
export interface RestoreDrillProps extends DrillOptions {
  /** Name of the source. */
  readonly sourceName: string;

  /**
   * What is restored: a dump, a base backup with the log after it, objects, files or a configuration. For a configuration, let the
   * task open its envelope too: `configuration.grantOpen(drill.task)`.
   *
   * @default BackupComponent.DUMP
   */
  readonly component?: BackupComponent;

  /**
   * Of objects and files: how many of each mirror or volume are restored, by lot.
   *
   * @default - 100, or one in a hundred where that is more
   */
  readonly sampleSize?: number;

  /**
   * Of objects and files: everything is restored in the first drill of each month, until one passed.
   *
   * @default true
   */
  readonly fullMonthly?: boolean;

  /** Major version of the source: the drill's server is of the same. */
  readonly postgresVersion: PostgresVersion;

  /** Where the backups are stored. */
  readonly vault: IBackupVault;

  /** When backups are made. */
  readonly plan: BackupPlan;

  /** Network of the task. */
  readonly vpc: ec2.IVpc;

  /** Subnets of the task. They need a way to S3, KMS, ECR and CloudWatch Logs. */
  readonly vpcSubnets: ec2.SubnetSelection;

  /** Cluster that the task runs in. */
  readonly cluster: ecs.ICluster;

  /** Key that encrypts the task's log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;

  /** Where a start that could not be made is kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;

  /** Topic that alarms are published to. */
  readonly topic: sns.ITopic;

  /**
   * How long a restore may take.
   *
   * @default - not stated: measured, and not alarmed on
   */
  readonly recoveryTimeObjective?: Duration;
}
