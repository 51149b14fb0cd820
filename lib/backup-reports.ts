import { Duration, Lazy, Size, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVIRONMENT, FULL_READ, FUNCTION_ENVIRONMENT, Objectives, SETS } from '../model';
import { BackupComponent } from './backup-component';
import { BackupFunction, BackupFunctionOptions } from './backup-function';
import { backupMetric } from './backup-metrics';
import { IBackupVault } from './backup-vault-props';
import { DailySummary } from './daily-summary';
import { FunctionSchedule } from './function-schedule';
import { Heartbeat } from './heartbeat';

/**
 * What is reported, when and to whom.
 */
export interface BackupReportOptions {
  /**
   * When people are sent the summary of a day's report.
   *
   * @default DailySummary.WHEN_NOT_GOOD
   */
  readonly dailySummary?: DailySummary;

  /**
   * When the day's report is made, daily. It covers the last 24 hours.
   *
   * @default - every day at 06:00 UTC
   */
  readonly dailySchedule?: scheduler.ScheduleExpression;

  /**
   * When people are sent a summary of the last seven days, whatever is in it: who hears it every week knows that silence means
   * good.
   *
   * @default - never
   */
  readonly weeklySchedule?: scheduler.ScheduleExpression;
}

/**
 * What is reported on.
 */
export interface BackupReportsProps extends BackupReportOptions, BackupFunctionOptions {
  /** Name of the source. */
  readonly sourceName: string;

  /** Where its backups are stored, and the reports too. */
  readonly vault: IBackupVault;

  /** Age of the newest good backup that is too old. */
  readonly newestAge: Duration;

  /** Age of the newest verified backup that is too old. */
  readonly newestVerifiedAge: Duration;

  /** Topic that summaries are published to. The function must be allowed to use its key, if that is of another account. */
  readonly topic: sns.ITopic;

  /**
   * A dead man's switch.
   *
   * @default - none
   */
  readonly heartbeat?: Heartbeat;

  /** Key that encrypts the function's log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;

  /** Where an event that could not be handled, and a start that could not be made, are kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Reports on the backups of a source: on each run when it failed or was verified, and on each day. Reports are JSON in the
 * vault; people get summaries through the topic of the alarms. It tells the dead man's switch, if there is one, and keeps a
 * record of what became of each task.
 */
export class BackupReports extends Construct {
  /** The function that reports. */
  public readonly function: BackupFunction;
  /** Sends each record of a run to the function. */
  public readonly rule: events.Rule;
  /** Starts the report of a day. */
  public readonly daily: FunctionSchedule;
  /** Starts the report of a week, if one was asked for. */
  public readonly weekly?: FunctionSchedule;

  private readonly sourceName: string;
  /** A dump is what there always is. */
  private readonly components: BackupComponent[] = [BackupComponent.DUMP];
  private readonly deadLetterQueue: sqs.IQueue;

  constructor(scope: Construct, id: string, props: BackupReportsProps) {
    super(scope, id);
    this.sourceName = props.sourceName;
    this.deadLetterQueue = props.deadLetterQueue;
    this.function = this.createFunction(props);
    this.rule = new events.Rule(this, 'Runs', {
      description: `Runs that began, failed or were verified: ${props.sourceName}`,
      eventPattern: props.vault.runRecordPattern(props.sourceName),
      targets: [this.target()],
    });
    const daily = props.dailySchedule ?? scheduler.ScheduleExpression.cron({ hour: '6', minute: '0' });
    this.daily = this.schedule('Daily', 'day', daily);
    if (props.weeklySchedule) this.weekly = this.schedule('Weekly', 'week', props.weeklySchedule);
  }

  /**
   * Keeps a record of what becomes of a task, in the function's log, and counts those that were stopped before their program
   * ran: such a program can say nothing itself.
   *
   * @param component what the task is for
   * @param taskDefinition any revision of its family
   * @param cluster where it runs
   */
  public watchTask(component: BackupComponent, taskDefinition: ecs.TaskDefinition, cluster: ecs.ICluster): events.Rule {
    if (!this.components.includes(component)) this.components.push(component);
    return this.watch(`Tasks-${component}`, { action: 'task', component }, taskDefinition, cluster);
  }

  /**
   * The same of a task that reads recovery points whole; those that passed are counted.
   *
   * @param component whose recovery points are read
   * @param taskDefinition any revision of its family
   * @param cluster where it runs
   */
  public watchFullRead(
    component: BackupComponent,
    taskDefinition: ecs.TaskDefinition,
    cluster: ecs.ICluster,
  ): events.Rule {
    const event = { action: 'task', component, purpose: FULL_READ };
    return this.watch(`FullReads-${component}`, event, taskDefinition, cluster);
  }

  /**
   * The same of the task that makes sets. It is counted with those of the dump, which is in each set.
   *
   * @param taskDefinition any revision of its family
   * @param cluster where it runs
   */
  public watchSets(taskDefinition: ecs.TaskDefinition, cluster: ecs.ICluster): events.Rule {
    const event = { action: 'task', component: BackupComponent.DUMP, purpose: SETS };
    return this.watch('Sets', event, taskDefinition, cluster);
  }

  /**
   * Tasks that were stopped before their program ran.
   *
   * @default - sum over 5 minutes
   * @param component what the task is for
   * @param options statistic, period and the like
   */
  public metricTaskNotStarted(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('taskNotStarted', component, options);
  }

  /**
   * Messages that the dead man's switch did not take.
   *
   * @default - sum over 5 minutes
   * @param component what the message was about
   * @param options statistic, period and the like
   */
  public metricHeartbeatFailed(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('heartbeatFailed', component, options);
  }

  private watch(
    id: string,
    event: Record<string, string>,
    taskDefinition: ecs.TaskDefinition,
    cluster: ecs.ICluster,
  ): events.Rule {
    const family = Stack.of(this).formatArn({
      service: 'ecs',
      resource: 'task-definition',
      resourceName: `${taskDefinition.family}:`,
    });
    const detail = events.EventField.fromPath('$.detail');
    return new events.Rule(this, id, {
      description: `What becomes of the task ${taskDefinition.family} of ${this.sourceName}`,
      eventPattern: {
        source: ['aws.ecs'],
        detailType: ['ECS Task State Change'],
        detail: {
          clusterArn: [cluster.clusterArn],
          taskDefinitionArn: events.Match.prefix(family),
          lastStatus: ['RUNNING', 'STOPPED'],
        },
      },
      targets: [this.target(events.RuleTargetInput.fromObject({ ...event, detail }))],
    });
  }

  private metric(
    key: Parameters<typeof backupMetric>[0],
    component: BackupComponent,
    options?: cloudwatch.MetricOptions,
  ): cloudwatch.Metric {
    return backupMetric(key, { source: this.sourceName, component }, cloudwatch.Stats.SUM, options);
  }

  private createFunction(props: BackupReportsProps): BackupFunction {
    const created = new BackupFunction(this, 'Function', {
      code: 'report',
      description: `Reports on the backups of ${props.sourceName}`,
      environment: {
        ...reportEnvironment(props),
        // One that never ran is missing, not absent.
        [FUNCTION_ENVIRONMENT.components]: Lazy.string({ produce: () => JSON.stringify(this.components) }),
      },
      encryptionKey: props.encryptionKey,
      deadLetterQueue: props.deadLetterQueue,
      logRetention: props.logRetention,
      removalPolicy: props.removalPolicy,
      // A few manifests at a time, of some MB each.
      memory: Size.mebibytes(1024),
      timeout: Duration.minutes(15),
    });
    props.vault.grantReport(created, props.sourceName);
    props.heartbeat?.secret.grantRead(created);
    letPublish(created.role, props.topic);
    return created;
  }

  private schedule(id: string, action: 'day' | 'week', expression: scheduler.ScheduleExpression): FunctionSchedule {
    return new FunctionSchedule(this, id, {
      function: this.function,
      description: `Reports on the last ${action} of ${this.sourceName}`,
      schedule: expression,
      event: { action },
      deadLetterQueue: this.deadLetterQueue,
      latest: Duration.hours(12),
    });
  }

  private target(event?: events.RuleTargetInput): LambdaFunction {
    return new LambdaFunction(this.function.function, {
      event,
      deadLetterQueue: this.deadLetterQueue,
      retryAttempts: 185,
    });
  }
}

function reportEnvironment(props: BackupReportsProps): Record<string, string> {
  const objectives: Objectives = {
    newestSeconds: props.newestAge.toSeconds(),
    newestVerifiedSeconds: props.newestVerifiedAge.toSeconds(),
  };
  return {
    [ENVIRONMENT.vault]: props.vault.vaultUri,
    [ENVIRONMENT.source]: props.sourceName,
    [FUNCTION_ENVIRONMENT.objectives]: JSON.stringify(objectives),
    [FUNCTION_ENVIRONMENT.dailySummary]: props.dailySummary ?? DailySummary.WHEN_NOT_GOOD,
    [FUNCTION_ENVIRONMENT.topic]: props.topic.topicArn,
    ...(props.heartbeat && { [FUNCTION_ENVIRONMENT.heartbeat]: props.heartbeat.secret.secretArn }),
  };
}

/** In place of `grantPublish`, which allows more with the key than it takes. */
function letPublish(role: iam.Role, topic: sns.ITopic): void {
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['sns:Publish'], resources: [topic.topicArn] }));
  const { masterKey } = topic;
  if (masterKey) {
    masterKey.grant(role, 'kms:GenerateDataKey', 'kms:Decrypt');
  }
}
