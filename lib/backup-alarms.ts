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

/** Three times the interval at which the function looks. */
const SILENCE = Duration.minutes(15);

function atLeastOne(prop: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`${prop} of the alarms is ${value}, but must be a whole number from 1`);
}
