// Messages as CloudWatch and Amazon SNS write them.
import type { TopicMessage } from '../../../runtime/notify/read-message';

export const NOW = new Date('2026-11-19T02:31:00Z');

const LOOK = 'postgres-backup status --vault s3://acme-vault --source orders';
const RUNBOOKS = 'https://github.com/cdk-postgres-backup/cdk-postgres-backup/blob/main/docs/runbooks';

export interface AlarmParts {
  readonly metric?: string;
  readonly state?: string;
  readonly reason?: string;
  readonly what?: string;
  readonly look?: string;
  readonly runbook?: string;
  readonly source?: string;
  readonly component?: string;
  readonly threshold?: number;
}

/** The newest verified backup is 26 h old, unless something else is said. */
export function alarmMessage(parts: AlarmParts = {}): TopicMessage {
  const source = parts.source ?? 'orders';
  return topicMessage({
    AlarmName: `${source}-VerifiedBackupTooOld`,
    AlarmDescription: [
      parts.what ?? `${source}: the newest verified backup is older than 25 h, or nothing is known of it.`,
      `Look: ${parts.look ?? LOOK}`,
      `Runbook: ${parts.runbook ?? `${RUNBOOKS}/backup-too-old.md`}`,
    ].join('\n'),
    AWSAccountId: '123456789012',
    NewStateValue: parts.state ?? 'ALARM',
    NewStateReason: parts.reason ?? crossed('93600.0', 'was greater than', 90_000),
    StateChangeTime: '2026-11-19T02:30:42.236+0000',
    Region: 'EU (Frankfurt)',
    AlarmArn: 'arn:aws:cloudwatch:eu-central-1:123456789012:alarm:orders-VerifiedBackupTooOld',
    OldStateValue: 'OK',
    Trigger: {
      MetricName: parts.metric ?? 'NewestVerifiedBackupAge',
      Namespace: 'PostgresBackup',
      StatisticType: 'Statistic',
      Statistic: 'MAXIMUM',
      Unit: null,
      Dimensions: [
        { value: parts.component ?? 'dump', name: 'Component' },
        { value: source, name: 'Source' },
      ],
      Period: 900,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: parts.threshold ?? 90_000,
      TreatMissingData: 'breaching',
    },
  });
}

export function crossed(value: string, comparison: string, threshold: number): string {
  return `Threshold Crossed: 1 datapoint [${value} (19/11/26 02:15:00)] ${comparison} the threshold (${threshold}.0).`;
}

export const MISSING =
  'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [Breaching].';

export function topicMessage(message: unknown, rest: Partial<TopicMessage> = {}): TopicMessage {
  return {
    MessageId: 'c3a3f2f0-0000-4000-8000-000000000001',
    Message: typeof message === 'string' ? message : JSON.stringify(message),
    Timestamp: '2026-11-19T02:30:43.000Z',
    ...rest,
  };
}

export function topicEvent(...messages: readonly TopicMessage[]): unknown {
  return { Records: messages.map((Sns) => ({ EventSource: 'aws:sns', EventVersion: '1.0', Sns })) };
}
