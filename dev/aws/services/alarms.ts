/** CloudWatch's alarms: evaluated every minute, and told to their topics when they change. */
import { arnOf, type Account } from '../account';
import type { Background } from '../background';
import type { Bus } from '../events/bus';
import { service } from '../iam/policy';
import { cloudWatchReason } from './alarm-words';
import type { Functions } from './functions';
import { ServiceError } from './service-error';
import type { Topics } from './topics';
import type { Json } from '../template/template';
import { evaluateRule, type AlarmEvaluation, type AlarmState } from '../watch/alarm';
import { readAlarm, type AlarmRule } from '../watch/alarm-properties';
import type { MetricStore } from '../watch/metric-store';

export interface AlarmChange {
  readonly alarm: string;
  readonly from: AlarmState;
  readonly to: AlarmState;
  readonly reason: string;
  readonly at: Date;
}

interface Alarm {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly properties: Json;
  readonly rule: AlarmRule;
  state: AlarmState;
}

interface Services {
  readonly account: Account;
  readonly metrics: MetricStore;
  readonly topics: Topics;
  readonly functions: Functions;
  readonly bus: Bus;
  readonly background: Background;
}

const CLOUDWATCH = service('cloudwatch.amazonaws.com');
const ALARMS = service('lambda.alarms.cloudwatch.amazonaws.com');

/** Which of the alarm's actions go with a state. */
const ACTIONS: Readonly<Record<AlarmState, string>> = {
  ALARM: 'AlarmActions',
  OK: 'OKActions',
  INSUFFICIENT_DATA: 'InsufficientDataActions',
};

export class Alarms {
  readonly history: AlarmChange[] = [];
  /** Actions that were refused, and why. */
  readonly failedActions: string[] = [];
  private readonly alarms: Alarm[] = [];

  constructor(private readonly services: Services) {}

  /** @returns its ARN. */
  add(logicalId: string, name: string, properties: Json): string {
    const arn = arnOf(this.services.account, 'cloudwatch', `alarm:${name}`);
    this.alarms.push({ logicalId, name, arn, properties, rule: readAlarm(properties), state: 'INSUFFICIENT_DATA' });
    return arn;
  }

  /** By logical id. */
  states(): Record<string, AlarmState> {
    return Object.fromEntries(this.alarms.map(({ logicalId, state }) => [logicalId, state]));
  }

  evaluate(at: Date): void {
    const { metrics, background } = this.services;
    for (const alarm of this.alarms) {
      const evaluation = evaluateRule(alarm.rule, metrics, at, alarm.state);
      if (evaluation.state === alarm.state) continue;
      const from = alarm.state;
      alarm.state = evaluation.state;
      this.history.push({ alarm: alarm.logicalId, from, to: evaluation.state, reason: evaluation.reason, at });
      background.run(() => this.tell(alarm, from, evaluation, at));
    }
  }

  private async tell(alarm: Alarm, from: AlarmState, { state, reason }: AlarmEvaluation, at: Date): Promise<void> {
    this.services.bus.put({
      source: 'aws.cloudwatch',
      detailType: 'CloudWatch Alarm State Change',
      resources: [alarm.arn],
      detail: { alarmName: alarm.name, state: { value: state, reason }, previousState: { value: from } },
    });
    if (alarm.properties.ActionsEnabled === false) return;
    for (const action of [alarm.properties[ACTIONS[state]] ?? []].flat().map(String)) {
      await this.act(alarm, action, { from, state, reason, at }).catch((error: unknown) => {
        if (!(error instanceof ServiceError)) throw error;
        this.failedActions.push(`${alarm.name}: ${error.message}`);
      });
    }
  }

  private async act(alarm: Alarm, action: string, change: Change): Promise<void> {
    const { topics, functions, account } = this.services;
    const message = messageOf(alarm, account, change);
    if (action.split(':')[2] === 'lambda') return functions.accept(ALARMS, action, message, alarm.arn);
    const subject = `${change.state}: "${alarm.name}" in ${account.region}`;
    const context = { 'aws:SourceArn': alarm.arn, 'aws:SourceAccount': account.id };
    await topics.publish(CLOUDWATCH, action, { subject, message: JSON.stringify(message) }, context);
  }
}

interface Change {
  readonly from: AlarmState;
  readonly state: AlarmState;
  readonly reason: string;
  readonly at: Date;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html */
function messageOf(
  { name, arn, properties, rule }: Alarm,
  account: Account,
  { from, state, reason, at }: Change,
): Json {
  const dimensions = (properties.Dimensions ?? []) as readonly { Name: string; Value: string }[];
  return {
    AlarmName: name,
    AlarmDescription: properties.AlarmDescription ?? null,
    AWSAccountId: account.id,
    NewStateValue: state,
    NewStateReason: cloudWatchReason({
      reason,
      isAlarm: state === 'ALARM',
      treatMissingData: rule.treatMissingData,
      at,
    }),
    OldStateValue: from,
    StateChangeTime: at.toISOString().replace('Z', '+0000'),
    Region: account.region,
    AlarmArn: arn,
    Trigger: {
      MetricName: properties.MetricName,
      Namespace: properties.Namespace,
      Dimensions: dimensions.map(({ Name, Value }) => ({ name: Name, value: Value })),
      Period: rule.periodSeconds,
      EvaluationPeriods: rule.evaluationPeriods,
      ComparisonOperator: rule.comparison,
      Threshold: rule.threshold,
      TreatMissingData: rule.treatMissingData,
    },
  };
}
