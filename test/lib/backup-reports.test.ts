import { Duration } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { BackupVault, DailySummary, Heartbeat, type PostgresBackupProps } from '../../lib';
import { readReportSettings } from '../../runtime/observe/report/settings';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack } from './support/stacks';

const SECRET = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:switch-AbCdEf';
const FUNCTION = { 'Fn::GetAtt': [Match.stringLikeRegexp('^BackupReportsFunction'), 'Arn'] };

function backup(change: (stack: ReturnType<typeof testStack>) => Partial<PostgresBackupProps> = () => ({})) {
  const stack = testStack({ env: { account: '111122223333', region: 'eu-central-1' } });
  const vault = new BackupVault(stack, 'Vault', { bucketName: 'acme-vault' });
  const made = testBackup(stack, { vault, ...change(stack) });
  return { made, template: templateOf(stack) };
}

const withSwitch = () =>
  backup((stack) => ({
    heartbeat: Heartbeat.healthchecks(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Switch', SECRET)),
  }));

/** What the deployed function would be told, with references in the place of what is known at deployment only. */
function environmentOf(template: Template): Record<string, string> {
  const functions = Object.entries(template.findResources('AWS::Lambda::Function'));
  const [, found] = functions.find(([id]) => id.startsWith('BackupReportsFunction')) ?? [];
  const variables = (found as { Properties: { Environment: { Variables: Record<string, unknown> } } }).Properties;
  return Object.fromEntries(
    Object.entries(variables.Environment.Variables).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value).replace(/.*"s3:\/\/".*/, 's3://acme-vault'),
    ]),
  );
}

test('the function is told what it must be told, and nothing of a switch where there is none', () => {
  const settings = readReportSettings(environmentOf(backup().template));
  expect(settings).toMatchObject({
    vaultUri: 's3://acme-vault',
    source: 'orders',
    objectives: { newestSeconds: 7200, newestVerifiedSeconds: 10_800 },
    dailySummary: 'when not good',
  });
  expect(settings.heartbeatSecret).toBeUndefined();
  expect(readReportSettings(environmentOf(withSwitch().template)).heartbeatSecret).toBe(SECRET);
});

test('the objectives are those of the alarms', () => {
  const { made, template } = backup(() => ({ alarms: { newestAge: Duration.hours(36) } }));
  const { objectives } = readReportSettings(environmentOf(template));
  expect(objectives.newestSeconds).toBe(made.alarms.newestAge.toSeconds());
  expect(objectives.newestVerifiedSeconds).toBe(made.alarms.newestVerifiedAge.toSeconds());
  expect(objectives.newestSeconds).toBe(36 * 3600);
});

test('it hears of every record of a run, and of nothing else in the vault', () => {
  const below = (name: string) => ({ wildcard: `orders/*/${name}.json` });
  backup().template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: {
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: { object: { key: [below('started*'), below('failure*'), below('verification')] } },
    },
    Targets: [Match.objectLike({ Arn: FUNCTION, DeadLetterConfig: Match.anyValue() })],
  });
});

test('it hears what becomes of the task: of this family, in this cluster, whatever its revision', () => {
  const { made, template } = backup();
  template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: {
      source: ['aws.ecs'],
      'detail-type': ['ECS Task State Change'],
      detail: {
        clusterArn: [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^BackupCluster'), 'Arn'] }],
        taskDefinitionArn: [
          {
            prefix: {
              'Fn::Join': [
                '',
                [
                  'arn:',
                  { Ref: 'AWS::Partition' },
                  `:ecs:eu-central-1:111122223333:task-definition/${made.dump.task.taskDefinition.family}:`,
                ],
              ],
            },
          },
        ],
        lastStatus: ['RUNNING', 'STOPPED'],
      },
    },
    Targets: [
      Match.objectLike({
        Arn: FUNCTION,
        InputTransformer: {
          InputPathsMap: { detail: '$.detail' },
          InputTemplate: '{"action":"task","component":"dump","detail":<detail>}',
        },
      }),
    ],
  });
});

test('it reports daily; weekly only when asked', () => {
  const input = (template: Template) =>
    Object.values(template.findResources('AWS::Scheduler::Schedule'))
      .map(({ Properties }) => (Properties as { Target: { Input?: string } }).Target.Input)
      .filter((text) => /"(day|week)"/.test(text ?? ''));
  expect(input(backup().template)).toEqual(['{"action":"day"}']);
  const asked = backup(() => ({
    reports: {
      weeklySchedule: scheduler.ScheduleExpression.cron({ weekDay: 'MON', hour: '7', minute: '0' }),
      dailySummary: DailySummary.ALWAYS,
    },
  }));
  expect(input(asked.template)).toEqual(['{"action":"day"}', '{"action":"week"}']);
  expect(readReportSettings(environmentOf(asked.template)).dailySummary).toBe('always');
});

describe('the function', () => {
  const { template } = withSwitch();
  const role = permissions(template).filter(({ holder }) => holder.startsWith('BackupReportsFunctionRole'));
  const on = (action: string) => role.filter((one) => one.action === action).map(({ resource }) => resource);

  test('may write reports and nothing else: no manifest, no result of a verification, no record of a run', () => {
    expect(on('s3:PutObject')).toHaveLength(1);
    expect(on('s3:PutObject')[0]).toContain('"/orders/reports/*"');
    expect(on('s3:PutObjectVersionTagging')[0]).toContain('"/orders/reports/*"');
    expect(role.filter(({ action }) => /Delete|PutBucket|Retention|Bypass/.test(action))).toEqual([]);
  });

  test('may read what is written about backups, and none of the data', () => {
    const read = on('s3:GetObject').map((resource) => /"(\/[^"]*)"/.exec(resource)?.[1]);
    expect(read).toEqual(
      expect.arrayContaining(['/orders/*/failure*.json', '/orders/*/manifest.json', '/orders/reports/*']),
    );
    expect(read.filter((below) => !/^\/orders\/(\*\/[a-z]+\*?\.json|reports\/\*)$/.test(below ?? ''))).toEqual([]);
    expect(on('s3:GetObjectVersion')).toEqual([]);
  });

  test('may mark reports as over with the one tag that the lifecycle deletes, and set no other', () => {
    const tag = 'postgres-backup:expire';
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('^BackupReportsFunctionRole'),
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 's3:PutObjectVersionTagging',
            Condition: {
              StringEquals: { [`s3:RequestObjectTag/${tag}`]: 'true' },
              'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': [tag] },
            },
          }),
        ]),
      },
    });
  });

  test('may read the secret of the switch and no other, and publish to the one topic', () => {
    expect(on('secretsmanager:GetSecretValue')).toEqual([JSON.stringify(SECRET)]);
    expect(on('sns:Publish')).toEqual([expect.stringContaining('BackupAlarmTopic')]);
    expect(on('kms:GenerateDataKey').some((resource) => resource.includes('BackupAlarmTopicKey'))).toBe(true);
  });

  test('is watched: that it fails alarms', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: Match.stringLikeRegexp('^BackupReportsFunction') } }],
      MetricName: 'Errors',
    });
  });
});

test('a task that backs up may read no secret of a switch', () => {
  const { template } = withSwitch();
  const tasks = permissions(template).filter(({ holder }) => holder.startsWith('BackupDumpTask'));
  expect(tasks.length).toBeGreaterThan(0);
  expect(tasks.filter(({ resource }) => resource.includes('switch'))).toEqual([]);
});

test('a topic whose key is not known is published to all the same', () => {
  const { template } = backup((stack) => ({
    alarmTopic: sns.Topic.fromTopicArn(stack, 'Ours', 'arn:aws:sns:eu-central-1:111122223333:ops'),
  }));
  const publishes = permissions(template).filter(({ action }) => action === 'sns:Publish');
  expect(publishes.map(({ resource }) => resource)).toEqual(['"arn:aws:sns:eu-central-1:111122223333:ops"']);
});

test('the disk is watched only of a task that was given one', () => {
  expect(backup().made.alarms.storageNearlyFull).toBeUndefined();
});
