/** An alarm that changes is told, in CloudWatch's words, to whom its topic and its key let it be told. */
import { Cloud, deployStack } from '../../../dev/aws';
import { cloudWatchReason } from '../../../dev/aws/services/alarm-words';
import type { Template } from '../../../dev/aws/template/template';
import { readMessage } from '../../../runtime/notify/read-message';

const START = new Date('2026-11-20T00:00:00Z');
const CLOUDWATCH = { Service: 'cloudwatch.amazonaws.com' };
const ROOT = { AWS: 'arn:aws:iam::111122223333:root' };

const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });
const allow = (Principal: object, Action: string | string[], Resource: unknown = '*') => ({
  Effect: 'Allow',
  Principal,
  Action,
  Resource,
});

function template(mayUseTopic: boolean, mayUseKey: boolean): Template {
  const ofKey = [
    allow(ROOT, 'kms:*'),
    ...(mayUseKey ? [allow(CLOUDWATCH, ['kms:Decrypt', 'kms:GenerateDataKey'])] : []),
  ];
  const ofTopic = allow(mayUseTopic ? CLOUDWATCH : ROOT, 'sns:Publish', { Ref: 'Topic' });
  return {
    Resources: {
      Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: policy(...ofKey) } },
      Topic: { Type: 'AWS::SNS::Topic', Properties: { KmsMasterKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } } },
      TopicPolicy: {
        Type: 'AWS::SNS::TopicPolicy',
        Properties: { Topics: [{ Ref: 'Topic' }], PolicyDocument: policy(ofTopic) },
      },
      Mail: {
        Type: 'AWS::SNS::Subscription',
        Properties: { TopicArn: { Ref: 'Topic' }, Protocol: 'email', Endpoint: 'ops@example.com' },
      },
      TooOld: {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: {
          AlarmActions: [{ Ref: 'Topic' }],
          AlarmDescription: 'orders: the newest good backup is older than 2 h, or nothing is known of it.',
          ComparisonOperator: 'GreaterThanThreshold',
          Dimensions: [
            { Name: 'Component', Value: 'dump' },
            { Name: 'Source', Value: 'orders' },
          ],
          EvaluationPeriods: 1,
          MetricName: 'NewestBackupAge',
          Namespace: 'PostgresBackup',
          Period: 900,
          Statistic: 'Maximum',
          Threshold: 7200,
          TreatMissingData: 'notBreaching',
        },
      },
    },
  };
}

/** The alarm's metric is too high after a minute, and after two the alarm has been told. */
async function alarming(made: Template): Promise<Pick<Cloud, 'topics' | 'alarms'>> {
  const cloud = await Cloud.start({ start: START });
  try {
    await deployStack(cloud, { name: 'Test', template: made, assetFolder: () => '' });
    const at = new Date(START.getTime() + 60_000);
    const dimensions = { Source: 'orders', Component: 'dump' };
    cloud.metrics.put('PostgresBackup', 'NewestBackupAge', dimensions, at, 9_000, 'Seconds');
    await cloud.advanceTo(new Date(START.getTime() + 120_000));
    expect(cloud.alarms.states()).toEqual({ TooOld: 'ALARM' });
    return cloud;
  } finally {
    await cloud.close();
  }
}

test('the message says what is wrong so that a program reads the value in it', async () => {
  const { topics, alarms } = await alarming(template(true, true));
  expect(alarms.failedActions).toEqual([]);
  expect(topics.outbox).toMatchObject([{ to: 'ops@example.com', subject: 'ALARM: "Test-TooOld" in eu-central-1' }]);
  const message = { MessageId: '1', Message: topics.outbox[0].message };
  expect(readMessage(message, START)).toMatchObject({
    state: 'alarm',
    title: expect.stringContaining('2 h 30 min old') as string,
  });
});

test.each([
  ['topic', template(false, true), 'sns:Publish'],
  ['key', template(true, false), 'kms:GenerateDataKey'],
])(
  'where the policy of the %s is in the way nobody hears of it, and that is on record',
  async (_what, made, action) => {
    const { topics, alarms } = await alarming(made);
    expect(topics.outbox).toEqual([]);
    expect(alarms.failedActions).toEqual([expect.stringContaining(`not authorized to perform: ${action}`) as string]);
  },
);

test.each([
  [
    '7320 against GreaterThanThreshold 7200; 0 missing',
    true,
    '1 datapoint [7320.0 (20/11/26 02:15:00)] was greater than the threshold (7200.0).',
  ],
  [
    '0.5 against LessThanThreshold 1; 0 missing',
    true,
    '1 datapoint [0.5 (20/11/26 02:15:00)] was less than the threshold (1.0).',
  ],
  [
    '1, 2 against GreaterThanOrEqualToThreshold 3; 0 missing',
    false,
    '2 datapoints [1.0 (20/11/26 02:15:00), 2.0 (20/11/26 02:15:00)] were not greater than or equal to the threshold (3.0).',
  ],
  [
    'none against GreaterThanThreshold 0; 1 missing',
    true,
    'no datapoints were received for 1 period and 1 missing datapoint was treated as [Breaching].',
  ],
])('%s, in the words of CloudWatch', (reason, isAlarm, words) => {
  const at = new Date('2026-11-20T02:15:00Z');
  expect(cloudWatchReason({ reason, isAlarm, treatMissingData: 'breaching', at })).toBe(`Threshold Crossed: ${words}`);
});
