/** The construct of the receiver: one task, what it may, what rings, and what is refused. */
import { Duration, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as sns from 'aws-cdk-lib/aws-sns';
import {
  BackupImage,
  BackupVault,
  WalArchive,
  WalReceiverGap,
  type WalReceiver,
  type WalReceiverOptions,
} from '../../lib';
import { METRICS } from '../../model';
import { permissions } from './support/policies';
import { testSource, testStack, testVpc } from './support/stacks';

function received(options: Partial<WalReceiverOptions> = {}): { stack: Stack; receiver: WalReceiver } {
  const stack = testStack();
  const wal = new WalArchive(stack, 'Wal', {
    sourceName: 'orders',
    vault: new BackupVault(stack, 'Vault'),
    topic: new sns.Topic(stack, 'Topic'),
  });
  const receiver = wal.addReceiver('Receiver', {
    source: options.source ?? testSource(stack),
    vpc: testVpc(stack),
    image: BackupImage.fromRegistry('registry.example.com/postgres-backup:17'),
    ...options,
  });
  return { stack, receiver };
}

test('one task receives, and never two: the old one ends before a new one begins', () => {
  Template.fromStack(received().stack).hasResourceProperties('AWS::ECS::Service', {
    DesiredCount: 1,
    DeploymentConfiguration: {
      MinimumHealthyPercent: 0,
      MaximumPercent: 100,
      DeploymentCircuitBreaker: { Enable: true, Rollback: true },
    },
    NetworkConfiguration: { AwsvpcConfiguration: Match.objectLike({ AssignPublicIp: 'DISABLED' }) },
  });
});

test('what is stated reaches the task, and the server’s settings', () => {
  const { stack, receiver } = received({
    slotName: 'mine',
    partialEvery: Duration.seconds(3),
    synchronous: true,
    onGap: WalReceiverGap.GO_ON,
    maxSlotSize: Size.gibibytes(2),
  });
  const expected = '--slot mine --partial-every 3s --on-gap go-on --synchronous';
  Template.fromStack(stack).hasResourceProperties('AWS::ECS::TaskDefinition', {
    ContainerDefinitions: [Match.objectLike({ Command: ['wal-receive', ...expected.split(' ')] })],
  });
  expect(receiver.postgresqlConf).toBe(
    [
      '# The write-ahead log is received by a replication slot; wal_level needs a restart, the others a reload.',
      'wal_level = replica',
      'max_slot_wal_keep_size = 2048MB',
      '# Commits wait for the receiver, and for ever while it is away.',
      "synchronous_standby_names = 'mine'",
      '',
    ].join('\n'),
  );
  expect(received().receiver.postgresqlConf).not.toContain('synchronous');
  expect(received().receiver.slotName).toBe('postgres_backup_orders');
});

test('the task may write the log, find it by name, and log in; it can read no content, and delete nothing', () => {
  const { stack } = received();
  const given = permissions(Template.fromStack(stack)).filter(({ holder }) => holder.includes('ReceiverTaskTaskRole'));
  const actions = [...new Set(given.map(({ action }) => action))]
    .filter((action) => action !== 'sts:AssumeRole')
    .sort();
  expect(actions).toEqual([
    'kms:GenerateDataKey',
    's3:GetObject',
    's3:ListBucket',
    's3:PutObject',
    'secretsmanager:DescribeSecret',
    'secretsmanager:GetSecretValue',
  ]);
  for (const { action, resource } of given) {
    if (/^s3:(Get|Put)Object/.test(action)) expect(resource).toContain('/orders/wal/*');
  }
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': 'orders/wal/*' } } }),
      ]),
    },
  });
});

test('all alarms take silence for bad news', () => {
  const { stack } = received({ maxSlotSize: Size.gibibytes(4), lagAlarm: Duration.minutes(2) });
  const template = Template.fromStack(stack);
  const alarm = (metric: string, threshold: number, comparison: string) =>
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: metric,
      Threshold: threshold,
      ComparisonOperator: comparison,
      Statistic: 'Maximum',
      TreatMissingData: 'breaching',
      Dimensions: [
        { Name: 'Component', Value: 'wal' },
        { Name: 'Source', Value: 'orders' },
      ],
    });
  alarm(METRICS.walReceiverStreaming.name, 1, 'LessThanThreshold');
  alarm(METRICS.walReceiverLag.name, 120, 'GreaterThanThreshold');
  alarm(METRICS.walSlotRetained.name, 1024 ** 3, 'GreaterThanThreshold');
});

test.each<[string, Partial<WalReceiverOptions>, RegExp]>([
  ['a name that no slot can have', { slotName: 'Mine' }, /slotName is 'Mine'/],
  ['an interval of a day', { partialEvery: Duration.days(1) }, /partialEvery is .*86400|partialEvery is Duration/],
  [
    'an alarm that would never go off',
    { slotSizeAlarm: Size.gibibytes(64) },
    /slotSizeAlarm is 68719476736 bytes, but must be less than maxSlotSize/,
  ],
  ['an alarm that would go off without a fault', { lagAlarm: Duration.seconds(15) }, /lagAlarm is 15 seconds/],
])('%s is refused', (_what, options, message) => {
  expect(() => received(options)).toThrow(message);
});

test('the archive of another source is refused', () => {
  const other = testSource(testStack(), { name: 'billing' });
  expect(() => received({ source: other })).toThrow(/source is 'billing', but wal is the archive of 'orders'/);
});
