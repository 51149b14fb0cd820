import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as cloudwatchActions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../model';
import { AlarmFactory, RUNBOOKS_URL } from './alarm-factory';
import { BackupComponent } from './backup-component';
import { backupMetric } from './backup-metrics';
import { BackupReports } from './backup-reports';
import { BackupTask, BackupTaskOptions } from './backup-task';
import { IBackupVault } from './backup-vault-props';
import { PostgresVersion } from './postgres-version';
import { scheduleTask } from './task-schedule';

/**
 * When the newest recovery point is read whole.
 */
export interface FullReadOptions {
  /**
   * When. In a store that keeps no checksums, as often as backups are made: there, what was not read is not verified.
   *
   * @default ScheduleExpression.rate(Duration.days(1))
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * The alarm goes off when none passed within this time: whole days, 1 to 7, and longer than the time between two.
   *
   * @default Duration.days(2)
   */
  readonly within?: Duration;
}

/**
 * What is read, and where.
 */
export interface FullReadProps extends FullReadOptions, BackupTaskOptions {
  /** Where the recovery points are stored. */
  readonly vault: IBackupVault;

  /** Name of their source. */
  readonly sourceName: string;

  /** Their component. */
  readonly component: BackupComponent;

  /**
   * What a recovery point must be to pass, as the verifying function is told.
   *
   * @default - what its manifest says, and no more
   */
  readonly expectations?: { [name: string]: string };

  /** Major version of PostgreSQL in the task's image. */
  readonly postgresVersion: PostgresVersion;

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

  /** What hears how the task ended. */
  readonly reports: BackupReports;

  /** Who is told. CloudWatch must be allowed to publish to it, and to use its key. */
  readonly topic: sns.ITopic;

  /**
   * Where the runbook that the alarm links to is found.
   *
   * @default - that of this package
   */
  readonly runbooksUrl?: string;
}

/**
 * Reads the newest recovery point whole, on a schedule: every byte against its digest, every row counted. The result is
 * stored beside the manifest. It is how a store without checksums is verified, and one with them is not believed blindly.
 */
export class FullRead extends Construct {
  /** The task that reads. It can read recovery points, and write nothing but results of verifications. */
  public readonly task: BackupTask;
  /** Starts the task. */
  public readonly schedule: scheduler.Schedule;
  /** None passed for too long. */
  public readonly overdue: cloudwatch.Alarm;

  private readonly subject: { source: string; component: BackupComponent };

  constructor(scope: Construct, id: string, props: FullReadProps) {
    super(scope, id);
    const { vault, sourceName, component } = props;
    this.subject = { source: sourceName, component };
    this.task = new BackupTask(this, 'Task', {
      ...props,
      // "latest" is the newest whatever its state: a damaged one is not passed over.
      command: ['verify', 'latest', '--depth', 'read', '--record', '--component', component],
      environment: {
        ...props.expectations,
        [ENVIRONMENT.vault]: vault.vaultUri,
        [ENVIRONMENT.source]: sourceName,
      },
      logPrefix: `${sourceName}-read`,
    });
    vault.grantVerify(this.task, sourceName, component);
    this.schedule = scheduleTask(this, {
      ...props,
      task: this.task,
      description: `Reads the newest recovery point whole: ${props.component} of ${props.sourceName}`,
      roleDescription: 'Starts the task that reads a recovery point whole',
      when: props.schedule ?? scheduler.ScheduleExpression.rate(Duration.days(1)),
      maxEventAge: Duration.hours(12),
      retryAttempts: 185,
    });
    props.reports.watchFullRead(component, this.task.taskDefinition, props.cluster);
    this.overdue = this.createAlarm(props);
  }

  /**
   * Full reads that passed.
   *
   * @default - sum over a day
   * @param options statistic, period and the like
   */
  public metricPassed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return backupMetric('fullReadPassed', this.subject, cloudwatch.Stats.SUM, { period: Duration.days(1), ...options });
  }

  private createAlarm(props: FullReadProps): cloudwatch.Alarm {
    const days = wholeDays(props.within ?? Duration.days(2));
    const actions = [new cloudwatchActions.SnsAction(props.topic)];
    return new AlarmFactory(this, props.runbooksUrl ?? RUNBOOKS_URL, actions).continuous('Overdue', {
      metric: this.metricPassed(),
      threshold: 1,
      comparison: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      // None on any of these days: a day without one is no datum, and missing counts as bad.
      evaluationPeriods: days,
      what: `${props.sourceName}: no recovery point was read whole and found good within ${days} days.`,
      look: `aws logs tail ${this.task.logGroup.logGroupName} --since ${days}d`,
      runbook: 'full-read-overdue',
    });
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html: a week at most, of whole days. */
function wholeDays(within: Duration): number {
  const days = within.toDays({ integral: false });
  if (Number.isInteger(days) && days >= 1 && days <= 7) return days;
  throw new Error(`within of the full read is ${within.toHumanString()}, but must be whole days, 1 to 7`);
}
