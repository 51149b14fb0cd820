import { Duration, Size } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../model';
import { AlarmFactory } from './alarm-factory';
import { BackupComponent } from './backup-component';
import { backupMetric } from './backup-metrics';
import { BackupPlan } from './backup-plan';
import { BackupSchedules } from './backup-schedules';
import { BackupTask, BackupTaskOptions } from './backup-task';
import { IBackupVault } from './backup-vault-props';
import { PostgresVersion } from './postgres-version';
import { SetSchedule } from './set-schedule';
import { claimPrefix } from './vault-claims';

/**
 * What every component that is backed up by a task on a schedule is given. `PostgresBackup` gives it to those that are added
 * to it.
 */
export interface ScheduledComponentProps extends BackupTaskOptions {
  /** Name of the source. */
  readonly sourceName: string;

  /** Major version of PostgreSQL in the task's image. */
  readonly postgresVersion: PostgresVersion;

  /** Where backups are stored. */
  readonly vault: IBackupVault;

  /** When backups are made. */
  readonly plan: BackupPlan;

  /**
   * When sets are made, which start the component instead of itself.
   *
   * @default - it is started by itself, by every rule of its plan
   */
  readonly sets?: SetSchedule;

  /** Network of the task. */
  readonly vpc: ec2.IVpc;

  /** Subnets of the task. They need a way to S3, KMS, Secrets Manager, ECR and CloudWatch Logs, and to what is backed up. */
  readonly vpcSubnets: ec2.SubnetSelection;

  /** Cluster that the task runs in. */
  readonly cluster: ecs.ICluster;

  /** Key that encrypts the task's log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;

  /** Where a start that could not be made is kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * What one component adds: what it is, and what its task does.
 */
export interface ComponentWork {
  /** The component; a part of every key in the vault. */
  readonly component: BackupComponent;

  /** Arguments of the program, such as `['backup', 'files']`. */
  readonly command: string[];

  /** Environment of the program, besides vault and source. No secrets: whoever may describe the task can read it. */
  readonly environment: { [name: string]: string };
}

/**
 * A component that is backed up by a task on a schedule. The task may write recovery points of its component, and nothing
 * else: what it needs to read is for the component to grant.
 */
export abstract class ScheduledComponent extends Construct implements ec2.IConnectable, iam.IGrantable {
  /** What is backed up. */
  public readonly component: BackupComponent;
  /** Name of the source. */
  public readonly sourceName: string;
  /** When backups are made and how long they are kept. */
  public readonly plan: BackupPlan;
  /** Cluster that the task runs in. */
  public readonly cluster: ecs.ICluster;
  /** Subnets that the task runs in. */
  public readonly vpcSubnets: ec2.SelectedSubnets;
  /**
   * Size of the task's disk, where one was stated.
   *
   * @default - it has the 20 GiB that Fargate gives
   */
  public readonly ephemeralStorage?: Size;
  /** The task that makes a backup. */
  public readonly task: BackupTask;
  /** What starts the task. */
  public readonly schedules: BackupSchedules;
  /** Network connections of the task. */
  public readonly connections: ec2.Connections;
  /** The task's role. */
  public readonly grantPrincipal: iam.IPrincipal;

  /**
   * @param scope the parent
   * @param id the construct's id
   * @param props what every component is given
   * @param work what this one adds
   */
  constructor(scope: Construct, id: string, props: ScheduledComponentProps, work: ComponentWork) {
    super(scope, id);
    const { sourceName, vault, plan, cluster } = props;
    this.component = work.component;
    this.sourceName = sourceName;
    this.plan = plan;
    this.cluster = cluster;
    this.ephemeralStorage = props.ephemeralStorage;
    this.vpcSubnets = props.vpc.selectSubnets(props.vpcSubnets);
    claimPrefix(this, vault, sourceName, work.component);
    this.task = new BackupTask(this, 'Task', {
      ...props,
      command: work.command,
      environment: {
        ...work.environment,
        [ENVIRONMENT.vault]: vault.vaultUri,
        [ENVIRONMENT.source]: sourceName,
      },
      logPrefix: sourceName,
    });
    this.connections = this.task.connections;
    this.grantPrincipal = this.task.grantPrincipal;
    vault.grantWrite(this.task, sourceName, work.component);
    this.schedules = new BackupSchedules(this, 'Schedules', { ...props, task: this.task });
    props.sets?._expect(this);
  }

  /**
   * Runs that succeeded.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupSucceeded(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('backupSucceeded', cloudwatch.Stats.SUM, options);
  }

  /**
   * Runs that failed. A run that never started is not among them.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupFailed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('backupFailed', cloudwatch.Stats.SUM, options);
  }

  /**
   * Time that a run took, in seconds.
   *
   * @default - maximum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupDuration(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('backupDuration', cloudwatch.Stats.MAXIMUM, options);
  }

  /**
   * What a recovery point takes in the vault, in bytes.
   *
   * @default - minimum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupSize(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('backupSize', cloudwatch.Stats.MINIMUM, options);
  }

  /**
   * What a recovery point holds, in the component's own unit: rows of a dump, else objects, files, entries.
   *
   * @default - minimum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupItems(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    const key = this.component === BackupComponent.DUMP ? 'backupRows' : 'backupItems';
    return this.metric(key, cloudwatch.Stats.MINIMUM, options);
  }

  /**
   * Lets the verifying function read what a verification of this component needs besides its recovery points.
   *
   * @internal
   */
  public _letVerify(_verifier: iam.IGrantable): void {
    // Nothing, for those that store everything within their recovery points.
  }

  /**
   * Lets the retaining function read and mark what this component stores besides its recovery points.
   *
   * @internal
   */
  public _letExpire(_retainer: iam.IGrantable): void {
    // Nothing, for those that store everything within their recovery points.
  }

  /**
   * How much older than its run the data of a recovery point may be.
   *
   * @internal
   */
  public get _dataLag(): Duration {
    return Duration.seconds(0);
  }

  /**
   * Makes the alarms that only this component has.
   *
   * @internal
   */
  public _alarms(_factory: AlarmFactory): cloudwatch.Alarm[] {
    return [];
  }

  /**
   * Lets the task of a drill use what a restore of this component needs besides the vault.
   *
   * @internal
   */
  public _letDrill(_drill: iam.IGrantable): void {
    // Nothing, for those that store everything in the vault.
  }

  private metric(
    key: Parameters<typeof backupMetric>[0],
    statistic: string,
    options?: cloudwatch.MetricOptions,
  ): cloudwatch.Metric {
    const subject = { source: this.sourceName, component: this.component };
    return backupMetric(key, subject, statistic, options);
  }
}
