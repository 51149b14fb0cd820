import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { BackupAlarmsProps, ComponentAlarmsProps } from './backup-alarms-props';
import { ComponentAlarms } from './component-alarms';
import { SILENCE } from './watch-component';

/**
 * The alarms of a backup: those of its dump, those of all it consists of, and those of each component that is added. What is
 * published all the time alarms when it is silent.
 */
export class BackupAlarms extends ComponentAlarms {
  /** Nothing is known of the backups: the function that looks at them fails or does not run. */
  public readonly freshnessSilent: cloudwatch.Alarm;
  /** A start or an event was given up. */
  public readonly deadLetters: cloudwatch.Alarm;
  /** The vault's key is disabled or about to be deleted; if the vault has one. */
  public readonly keyUnusable?: cloudwatch.Alarm;
  /** Another function failed; one alarm for each, in the order of their names. */
  public readonly functionErrors: cloudwatch.Alarm[];

  private readonly ofComponents: ComponentAlarms[] = [];

  constructor(scope: Construct, id: string, props: BackupAlarmsProps) {
    super(scope, id, props);
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
  public override get all(): cloudwatch.Alarm[] {
    return [
      ...super.all,
      this.freshnessSilent,
      this.deadLetters,
      ...(this.keyUnusable ? [this.keyUnusable] : []),
      ...this.functionErrors,
      ...this.ofComponents.flatMap((alarms) => alarms.all),
    ];
  }

  private watchFreshness({ sourceName, freshness }: BackupAlarmsProps): cloudwatch.Alarm {
    const options = { period: SILENCE, statistic: cloudwatch.Stats.SUM };
    const { function: lambdaFunction, logGroup } = freshness.function;
    return this._factory.continuous('FreshnessSilent', {
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
    return this._factory.occurrence('DeadLetters', {
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
    return this._factory.continuous('KeyUnusable', {
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
        this._factory.occurrence(`${name}Errors`, {
          metric: one.function.metricErrors({ statistic: cloudwatch.Stats.SUM, period: SILENCE }),
          threshold: 0,
          what: `${sourceName}: the function for ${name.toLowerCase()} failed.`,
          look: `aws logs tail ${one.logGroup.logGroupName} --since 1h`,
          runbook: 'dead-letters',
        }),
      );
  }
}
