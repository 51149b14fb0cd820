import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as cloudwatchActions from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import { AlarmFactory, RUNBOOKS_URL } from './alarm-factory';
import { BackupAlarmsProps, ComponentAlarmsProps } from './backup-alarms-props';
import { ComponentAlarms } from './component-alarms';
import { SILENCE, watchComponent, WatchedComponent } from './watch-component';

/**
 * The alarms of a backup: those of its dump, those of all it consists of, and those of each component that is added. What is
 * published all the time alarms when it is silent.
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
  /** A kept backup was not verified again for too long. */
  public readonly verificationOverdue: cloudwatch.Alarm;
  /** Retention did not do its work for too long; if it is watched. */
  public readonly retentionOverdue?: cloudwatch.Alarm;
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
  private readonly ofComponents: ComponentAlarms[] = [];

  constructor(scope: Construct, id: string, props: BackupAlarmsProps) {
    super(scope, id);
    this.factory = new AlarmFactory(this, props.runbooksUrl ?? RUNBOOKS_URL, [
      new cloudwatchActions.SnsAction(props.topic),
    ]);
    const watched: WatchedComponent = watchComponent(this.factory, props);
    this.newestAge = watched.newestAge;
    this.newestVerifiedAge = watched.newestVerifiedAge;
    this.backupTooOld = watched.backupTooOld;
    this.verifiedBackupTooOld = watched.verifiedBackupTooOld;
    this.backupFailed = watched.backupFailed;
    this.verificationFailed = watched.verificationFailed;
    this.verificationOverdue = watched.verificationOverdue;
    this.retentionOverdue = watched.retentionOverdue;
    this.startsDropped = watched.startsDropped;
    this.startsRefused = watched.startsRefused;
    this.tasksNotStarted = watched.tasksNotStarted;
    this.storageNearlyFull = watched.storageNearlyFull;
    this.freshnessSilent = this.watchFreshness(props);
    this.deadLetters = this.watchDeadLetters(props);
    this.keyUnusable = this.watchKey(props);
    this.functionErrors = this.watchFunctions(props);
  }

  /**
   * Watches another component too.
   *
   * @param props the component, and what is known of it
   */
  public addComponent(props: ComponentAlarmsProps): ComponentAlarms {
    const alarms = new ComponentAlarms(this, props.component, props);
    this.ofComponents.push(alarms);
    return alarms;
  }

  /** All of them. */
  public get all(): cloudwatch.Alarm[] {
    return [
      this.backupTooOld,
      this.verifiedBackupTooOld,
      this.backupFailed,
      this.verificationFailed,
      this.verificationOverdue,
      this.freshnessSilent,
      this.deadLetters,
      this.startsDropped,
      this.startsRefused,
      ...[this.retentionOverdue, this.keyUnusable, this.tasksNotStarted, this.storageNearlyFull].filter(
        (alarm) => alarm !== undefined,
      ),
      ...this.functionErrors,
      ...this.ofComponents.flatMap((alarms) => alarms.all),
    ];
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
