import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import {
  AlarmTopic,
  BackupAlarms,
  BackupComponent,
  BackupDashboard,
  BackupFreshness,
  BackupPlan,
  BackupReports,
  BackupRule,
  BackupVault,
  Retention,
  type BackupAlarmOptions,
} from '../../lib';
import { ENVIRONMENT } from '../../model';
import { permissions } from './support/policies';
import { templateOf, testStack, testVpc } from './support/stacks';

interface Alarm {
  readonly TreatMissingData?: string;
  readonly Threshold: number;
  readonly MetricName?: string;
  readonly Period?: number;
  readonly EvaluationPeriods?: number;
  readonly AlarmDescription: unknown;
  readonly AlarmActions?: unknown[];
  readonly OKActions?: unknown[];
}

function watch(
  options: BackupAlarmOptions = {},
  plan: BackupPlan = BackupPlan.production(),
  stack: Stack = testStack(),
) {
  const vault = new BackupVault(stack, 'Vault');
  const deadLetterQueue = new sqs.Queue(stack, 'DeadLetters');
  const encryptionKey = new kms.Key(stack, 'LogKey');
  const freshness = new BackupFreshness(stack, 'Freshness', {
    sourceName: 'orders',
    component: BackupComponent.DUMP,
    vault,
    encryptionKey,
    deadLetterQueue,
  });
  const { topic } = new AlarmTopic(stack, 'Topic');
  const component = BackupComponent.DUMP;
  const reports = new BackupReports(stack, 'Reports', {
    sourceName: 'orders',
    vault,
    newestAge: Duration.hours(2),
    newestVerifiedAge: Duration.hours(3),
    topic,
    encryptionKey,
    deadLetterQueue,
  });
  const alarms = new BackupAlarms(stack, 'Alarms', {
    ...options,
    sourceName: 'orders',
    component,
    vault,
    plan,
    freshness,
    retention: new Retention(stack, 'Retention', {
      sourceName: 'orders',
      component,
      vault,
      plan,
      encryptionKey,
      deadLetterQueue,
    }),
    functions: { Verification: freshness.function },
    reports,
    storage: {
      cluster: ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'backup', vpc: testVpc(stack) }),
      family: 'dump',
    },
    scheduleGroup: new scheduler.ScheduleGroup(stack, 'Group'),
    deadLetterQueue,
    topic,
  });
  new BackupDashboard(stack, 'Dashboard', { sourceName: 'orders', component, freshness, alarms });
  return { alarms, topic, template: templateOf(stack) };
}

/** By the last part of their construct's name. */
function alarmsIn(template: Template): Record<string, Alarm> {
  return Object.fromEntries(
    Object.entries(template.findResources('AWS::CloudWatch::Alarm')).map(([id, { Properties }]) => [
      id.replace(/^Alarms(\w+?)[0-9A-F]{8}$/, '$1'),
      Properties as Alarm,
    ]),
  );
}

/** Text with its references taken out. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [, parts] = (value as { 'Fn::Join': [string, unknown[]] })['Fn::Join'];
  return parts.map((part) => (typeof part === 'string' ? part : '<ref>')).join('');
}

describe('the alarms', () => {
  const { template, alarms } = watch();
  const all = alarmsIn(template);

  test('on what is published all the time take silence for bad news; only what AWS counts when it happens may be missing', () => {
    const byTreatment = (treatment: string) =>
      Object.keys(all).filter((name) => all[name].TreatMissingData === treatment);
    expect(byTreatment('breaching')).toEqual([
      'BackupTooOld',
      'VerifiedBackupTooOld',
      'BackupFailed',
      'VerificationFailed',
      'VerificationOverdue',
      'RetentionOverdue',
      'FreshnessSilent',
      'KeyUnusable',
    ]);
    expect(byTreatment('notBreaching')).toEqual([
      'StartsDropped',
      'StartsRefused',
      'TasksNotStarted',
      'StorageNearlyFull',
      'DeadLetters',
      'VerificationErrors',
    ]);
    expect(Object.keys(all)).toHaveLength(14);
    expect(alarms.all).toHaveLength(14);
  });

  test('tell the topic that it is bad, and that it is good again', () => {
    for (const { AlarmActions, OKActions } of Object.values(all)) {
      expect(AlarmActions).toEqual([{ Ref: expect.stringMatching(/^Topic/) as string }]);
      expect(OKActions).toEqual(AlarmActions);
    }
  });

  test('say what is wrong, what to type, and link to a runbook that exists', () => {
    const runbooks = readdirSync(path.join(__dirname, '../../docs/runbooks'));
    for (const { AlarmDescription } of Object.values(all)) {
      const text = textOf(AlarmDescription);
      expect(text).toMatch(
        /^orders: .*\.\nLook: (postgres-backup status --vault s3:\/\/<ref> --source orders|aws .*)\nRunbook: https:/,
      );
      expect(runbooks).toContain(/\/docs\/runbooks\/([\w-]+\.md)$/.exec(text)?.[1]);
      expect(text.length).toBeLessThan(1024 - 200);
    }
    expect(textOf(all.BackupTooOld.AlarmDescription)).toContain('the newest good backup is older than 2 h');
  });

  test.each([
    ['hourly', BackupPlan.production(), 2, 3],
    ['daily', BackupPlan.development(), 26, 27],
    ['weekly', new BackupPlan([BackupRule.weekly()]), 182, 183],
  ])('go off when a backup of an %s plan is missing', (_often, plan, newest, verified) => {
    const { BackupTooOld, VerifiedBackupTooOld } = alarmsIn(watch({}, plan).template);
    expect([BackupTooOld.Threshold / 3600, VerifiedBackupTooOld.Threshold / 3600]).toEqual([newest, verified]);
  });

  test('go off when what is kept was not verified again, or retention did nothing, for a day and a half', () => {
    expect(all.VerificationOverdue).toMatchObject({ MetricName: 'OldestVerificationAge', Threshold: 36 * 3600 });
    // An hour without a run is no datum: only when all of them are missing, it was too long.
    expect(all.RetentionOverdue).toMatchObject({ MetricName: 'RetentionSucceeded', Threshold: 1 });
    expect(all.RetentionOverdue).toMatchObject({ Period: 3600, EvaluationPeriods: 36 });
    const stated = { oldestVerificationAge: Duration.hours(50), retentionWithin: Duration.hours(30) };
    const adjusted = alarmsIn(watch(stated).template);
    expect(adjusted.VerificationOverdue.Threshold).toBe(50 * 3600);
    expect(adjusted.RetentionOverdue.EvaluationPeriods).toBe(30);
  });

  test('go off when somebody says', () => {
    const stated = alarmsIn(
      watch({ newestAge: Duration.hours(36), refusedStarts: 5, runbooksUrl: 'https://wiki.example.com' }).template,
    );
    expect(stated.BackupTooOld.Threshold).toBe(36 * 3600);
    expect(stated.VerifiedBackupTooOld.Threshold).toBe(37 * 3600);
    expect(stated.StartsRefused.Threshold).toBe(5);
    expect(textOf(stated.BackupTooOld.AlarmDescription)).toContain(
      'Runbook: https://wiki.example.com/backup-too-old.md',
    );
  });

  test.each<[BackupAlarmOptions, string]>([
    [{ retentionWithin: Duration.hours(169) }, 'retentionWithin of the alarms is 169 h'],
    [{ retentionWithin: Duration.minutes(90) }, 'retentionWithin of the alarms is 90 min'],
    [
      { newestAge: Duration.minutes(60) },
      'newestAge of the alarms is 1 h, but the time between two runs of the plan is 1 h',
    ],
    [{ newestVerifiedAge: Duration.minutes(30) }, 'newestVerifiedAge of the alarms is 30 min'],
    [{ refusedStarts: 0 }, 'refusedStarts of the alarms is 0, but must be a whole number from 1'],
  ])('refuse what would ring without a fault, or never: %j', (options, message) => {
    expect(() => watch(options)).toThrow(message);
  });
});

describe('the topic', () => {
  test('can be published to by alarms of this account, and only over TLS', () => {
    watch().template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({ Action: 'sns:Publish', Principal: { Service: 'cloudwatch.amazonaws.com' } }),
        ],
      },
    });
  });

  test('has a key of its own that CloudWatch may use', () => {
    const { template } = watch();
    const [id] = Object.keys(template.findResources('AWS::KMS::Key')).filter((name) => name.startsWith('TopicKey'));
    template.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: { 'Fn::GetAtt': [id, 'Arn'] } });
    const given = permissions(template).filter(({ holder, action }) => holder === id && action !== 'kms:*');
    expect(given.map(({ action }) => action)).toEqual(['kms:Decrypt', 'kms:GenerateDataKey']);
  });
});

describe('the freshness function', () => {
  const { template } = watch();

  test('looks every five minutes, at the vault and the source', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(5 minutes)',
      State: 'ENABLED',
      Targets: [
        Match.objectLike({
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^FreshnessFunction'), 'Arn'] },
          DeadLetterConfig: Match.anyValue(),
        }),
      ],
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Handler: 'index.handler',
      Environment: {
        Variables: {
          [ENVIRONMENT.source]: 'orders',
          [ENVIRONMENT.vault]: { 'Fn::Join': ['', ['s3://', { Ref: Match.stringLikeRegexp('^VaultBucket') }]] },
        },
      },
    });
  });

  test('reads what is written about backups, and none of the data', () => {
    const role = permissions(template).filter(({ holder }) => holder.startsWith('FreshnessFunctionRole'));
    expect(role.map(({ action }) => action).sort()).toEqual([
      'kms:Decrypt',
      'kms:DescribeKey',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      ...Array<string>(5).fill('s3:GetObject'),
      ...Array<string>(2).fill('s3:GetObjectTagging'),
      's3:ListBucket',
      'sqs:SendMessage',
      'sts:AssumeRole',
    ]);
    const read = role.filter(({ action }) => action === 's3:GetObject').map(({ resource }) => resource);
    for (const [index, name] of ['manifest', 'verification', 'failure*', 'drill', 'set'].entries()) {
      expect(read[index]).toContain(`"/orders/*/${name}.json"`);
    }
  });
});

test('the key is watched where it can be asked: not where there is none, nor where an alias alone is known', () => {
  const stack = testStack();
  const alias = kms.Alias.fromAliasName(stack, 'KeyAlias', 'alias/backups');
  const freshnessOf = (id: string, encryptionKey?: kms.IKey) =>
    new BackupFreshness(stack, id, {
      sourceName: 'orders',
      component: BackupComponent.DUMP,
      vault: BackupVault.fromVaultAttributes(stack, `${id}Vault`, { bucketName: 'acme-backups', encryptionKey }),
      encryptionKey: new kms.Key(stack, `${id}LogKey`),
      deadLetterQueue: new sqs.Queue(stack, `${id}DeadLetters`),
    });
  const key = kms.Key.fromKeyArn(stack, 'StatedKey', 'arn:aws:kms:eu-central-1:111122223333:key/0123');
  expect(freshnessOf('None').watchedKey).toBeUndefined();
  expect(freshnessOf('Alias', alias).watchedKey).toBeUndefined();
  expect(freshnessOf('Own', key).watchedKey).toBe(key);
});

test('the dashboard shows age against objective, verification, size, rows, duration and every alarm', () => {
  const { template } = watch();
  const [{ Properties }] = Object.values(template.findResources('AWS::CloudWatch::Dashboard')) as {
    Properties: { DashboardBody: unknown };
  }[];
  const body = JSON.parse(textOf(Properties.DashboardBody)) as { widgets: { properties: { alarms?: unknown[] } }[] };
  expect(body.widgets[0].properties.alarms).toHaveLength(14);
  expect(body).toMatchSnapshot();
});
