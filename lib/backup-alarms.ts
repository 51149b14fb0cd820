import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as cloudwatchActions from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import { alarmAges, inHours } from './alarm-ages';
import { AlarmFactory } from './alarm-factory';
import { BackupAlarmsProps } from './backup-alarms-props';

/**
 * The alarms of a backup. What is published all the time alarms when it is silent.
 */
export class BackupAlarms extends Construct {
  /** The newest good backup is too old: none was made, or none that is good. */
  public readonly backupTooOld: cloudwatch.Alarm;
  /** The newest verified backup is too old. */
  public readonly verifiedBackupTooOld: cloudwatch.Alarm;
  /** The last scheduled run failed. */
  public readonly backupFailed: cloudwatch.Alarm;
  /** A kept backup did not pass its verification. */
  public readonly verificationFailed: cloudwatch.Alarm;
  /** Nothing is known of the backups: the function that looks at them fails or does not run. */
  public readonly freshnessSilent: cloudwatch.Alarm;
  /** A start or an event was given up. */
  public readonly deadLetters: cloudwatch.Alarm;
  /** A start was given up by the scheduler. */
  public readonly startsDropped: cloudwatch.Alarm;
  /** Starts are refused. */
  public readonly startsRefused: cloudwatch.Alarm;
  /** The vault's key is disabled or about to be deleted; if the vault has one. */
  public readonly keyUnusable?: cloudwatch.Alarm;
  /** Tasks are stopped before their program runs; if that is counted. */
  public readonly tasksNotStarted?: cloudwatch.Alarm;
  /** The task's disk is nearly full; if it was given one. */
  public readonly storageNearlyFull?: cloudwatch.Alarm;
  /** Another function failed; one alarm for each, in the order of their names. */
  public readonly functionErrors: cloudwatch.Alarm[];
  /** Age of the newest good backup above which its alarm goes off. */
  public readonly newestAge: Duration;
  /** Age of the newest verified backup above which its alarm goes off. */
  public readonly newestVerifiedAge: Duration;

  private readonly factory: AlarmFactory;
  private readonly look: string;

  constructor(scope: Construct, id: string, props: BackupAlarmsProps) {
    super(scope, id);
    [this.newestAge, this.newestVerifiedAge] = alarmAges(props);
    this.factory = new AlarmFactory(this, props.runbooksUrl ?? RUNBOOKS_URL, [
      new cloudwatchActions.SnsAction(props.topic),
    ]);
    this.look = `postgres-backup status --vault ${props.vault.vaultUri} --source ${props.sourceName}`;

    this.backupTooOld = this.watchAge(props);
    this.verifiedBackupTooOld = this.watchVerifiedAge(props);
    this.backupFailed = this.watchRuns(props);
    this.verificationFailed = this.watchVerifications(props);
    this.freshnessSilent = this.watchFreshness(props);
    this.deadLetters = this.watchDeadLetters(props);
    this.startsDropped = this.watchDroppedStarts(props);
    this.startsRefused = this.watchRefusedStarts(props);
    this.keyUnusable = this.watchKey(props);
    this.tasksNotStarted = this.watchTasks(props);
    this.storageNearlyFull = this.watchStorage(props);
    this.functionErrors = this.watchFunctions(props);
  }

  /** All of them. */
  public get all(): cloudwatch.Alarm[] {
    return [
      this.backupTooOld,
      this.verifiedBackupTooOld,
      this.backupFailed,
      this.verificationFailed,
      this.freshnessSilent,
      this.deadLetters,
      this.startsDropped,
      this.startsRefused,
      ...[this.keyUnusable, this.tasksNotStarted, this.storageNearlyFull].filter((alarm) => alarm !== undefined),
      ...this.functionErrors,
    ];
  }

  private watchAge({ sourceName, component, freshness }: BackupAlarmsProps): cloudwatch.Alarm {
    return this.factory.continuous('BackupTooOld', {
      metric: freshness.metricNewestAge(component),
      threshold: this.newestAge.toSeconds(),
      what: `${sourceName}: the newest good backup is older than ${inHours(this.newestAge)}, or nothing is known of it.`,
      look: this.look,
      runbook: 'backup-too-old',
    });
  }

  private watchVerifiedAge({ sourceName, component, freshness }: BackupAlarmsProps): cloudwatch.Alarm {
    return this.factory.continuous('VerifiedBackupTooOld', {
      metric: freshness.metricNewestVerifiedAge(component),
      threshold: this.newestVerifiedAge.toSeconds(),
      what: `${sourceName}: the newest verified backup is older than ${inHours(this.newestVerifiedAge)}, or nothing is known of it.`,
      look: this.look,
      runbook: 'backup-too-old',
    });
  }

  private watchRuns({ sourceName, component, freshness }: BackupAlarmsProps): cloudwatch.Alarm {
    return this.factory.continuous('BackupFailed', {
      metric: freshness.metricLastRunFailed(component),
      threshold: 0,
      what: `${sourceName}: the last scheduled run of a class failed, or nothing is known of it.`,
      look: this.look,
      runbook: 'backup-failed',
    });
  }

  private watchVerifications({ sourceName, component, freshness }: BackupAlarmsProps): cloudwatch.Alarm {
    return this.factory.continuous('VerificationFailed', {
      metric: freshness.metricPointsNotGood(component),
      threshold: 0,
      what: `${sourceName}: a kept backup did not pass its verification, or is unlike those before it, or nothing is known of it.`,
      look: this.look,
      runbook: 'verification-failed',
    });
  }

  private watchFreshness({ sourceName, freshness }: BackupAlarmsProps): cloudwatch.Alarm {
    const options = { period: SILENCE, statistic: cloudwatch.Stats.SUM };
    const { function: lambdaFunction, logGroup } = freshness.function;
    return this.factory.continuous('FreshnessSilent', {
      metric: new cloudwatch.MathExpression({
        expression: 'invocations - errors',
        usingMetrics: {
          invocations: lambdaFunction.metricInvocations(options),
          errors: lambdaFunction.metricErrors(options),
        },
        label: 'looks that succeeded',
        period: SILENCE,
      }),
      threshold: 1,
      comparison: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      what: `${sourceName}: nothing looks at the backups: the function that does so fails, or does not run.`,
      look: `aws logs tail ${logGroup.logGroupName} --since 1h`,
      runbook: 'freshness-silent',
    });
  }

  private watchDeadLetters({ sourceName, deadLetterQueue }: BackupAlarmsProps): cloudwatch.Alarm {
    return this.factory.occurrence('DeadLetters', {
      metric: deadLetterQueue.metricApproximateNumberOfMessagesVisible({ statistic: cloudwatch.Stats.MAXIMUM }),
      threshold: 0,
      what: `${sourceName}: a start, or an event for a function, was given up and waits in the dead-letter queue.`,
      look: `aws sqs receive-message --queue-url ${deadLetterQueue.queueUrl} --attribute-names All --message-attribute-names All`,
      runbook: 'dead-letters',
    });
  }

  private watchDroppedStarts({ sourceName, scheduleGroup }: BackupAlarmsProps): cloudwatch.Alarm {
    return this.factory.occurrence('StartsDropped', {
      metric: scheduleGroup.metricDropped({ statistic: cloudwatch.Stats.SUM, period: SILENCE }),
      threshold: 0,
      what: `${sourceName}: the scheduler gave up to start a backup.`,
      look: this.look,
      runbook: 'dead-letters',
    });
  }

  private watchRefusedStarts({ sourceName, scheduleGroup, refusedStarts }: BackupAlarmsProps): cloudwatch.Alarm {
    return this.factory.occurrence('StartsRefused', {
      metric: scheduleGroup.metricTargetErrors({ statistic: cloudwatch.Stats.SUM, period: SILENCE }),
      threshold: atLeastOne('refusedStarts', refusedStarts ?? 3),
      comparison: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      what: `${sourceName}: AWS refuses to start the backup task.`,
      look: this.look,
      runbook: 'dead-letters',
    });
  }

  /**
   * The key is asked all the time, so that silence alarms too. CloudTrail would tell at once who disabled it, but only where a
   * trail is on, which is not ours to say; and a key that is to be deleted can be saved for a week at least.
   */
  private watchKey({ sourceName, freshness }: BackupAlarmsProps): cloudwatch.Alarm | undefined {
    if (!freshness.watchedKey) return undefined;
    return this.factory.continuous('KeyUnusable', {
      metric: freshness.metricKeyUsable(),
      threshold: 1,
      comparison: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      what: `${sourceName}: the key of the vault is disabled or about to be deleted, or nothing is known of it. Without it no backup can be read.`,
      look: `aws kms describe-key --key-id ${freshness.watchedKey.keyArn}`,
      runbook: 'key-unusable',
    });
  }

  /** Of a metric that is there only when it happens; a run that nothing counts shows as age. */
  private watchTasks({ sourceName, component, reports }: BackupAlarmsProps): cloudwatch.Alarm | undefined {
    if (!reports) return undefined;
    return this.factory.occurrence('TasksNotStarted', {
      metric: reports.metricTaskNotStarted(component, { period: SILENCE }),
      threshold: 0,
      what: `${sourceName}: a task was stopped before its program ran: no image, no network, no capacity or no permission.`,
      look: `aws logs filter-log-events --log-group-name ${reports.function.logGroup.logGroupName} --filter-pattern TaskFailedToStart`,
      runbook: 'task-not-started',
    });
  }

  /**
   * Only of a task that was given a disk: a dump is streamed and needs none. The metric is there while the task runs, and where
   * the cluster has Container Insights; a run that fails for want of space fails aloud.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
   */
  private watchStorage({ sourceName, storage }: BackupAlarmsProps): cloudwatch.Alarm | undefined {
    if (!storage) return undefined;
    const { cluster, family } = storage;
    const metric = (metricName: string) =>
      new cloudwatch.Metric({
        namespace: 'ECS/ContainerInsights',
        metricName,
        dimensionsMap: { ClusterName: cluster.clusterName, TaskDefinitionFamily: family },
        statistic: cloudwatch.Stats.MAXIMUM,
        period: Duration.minutes(1),
      });
    return this.factory.occurrence('StorageNearlyFull', {
      metric: new cloudwatch.MathExpression({
        expression: '100 * used / reserved',
        usingMetrics: { used: metric('EphemeralStorageUtilized'), reserved: metric('EphemeralStorageReserved') },
        label: 'disk space used, in percent',
        period: Duration.minutes(1),
      }),
      threshold: NEARLY_FULL_PERCENT,
      what: `${sourceName}: more than ${NEARLY_FULL_PERCENT} % of the task's disk is used.`,
      look: this.look,
      runbook: 'storage-nearly-full',
    });
  }

  private watchFunctions({ sourceName, functions = {} }: BackupAlarmsProps): cloudwatch.Alarm[] {
    return Object.entries(functions)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, one]) =>
        this.factory.occurrence(`${name}Errors`, {
          metric: one.function.metricErrors({ statistic: cloudwatch.Stats.SUM, period: SILENCE }),
          threshold: 0,
          what: `${sourceName}: the function for ${name.toLowerCase()} failed.`,
          look: `aws logs tail ${one.logGroup.logGroupName} --since 1h`,
          runbook: 'dead-letters',
        }),
      );
  }
}

const RUNBOOKS_URL = 'https://github.com/cdk-postgres-backup/cdk-postgres-backup/blob/main/docs/runbooks';

const NEARLY_FULL_PERCENT = 85;

/** Three times the interval at which the function looks. */
const SILENCE = Duration.minutes(15);

function atLeastOne(prop: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`${prop} of the alarms is ${value}, but must be a whole number from 1`);
}
