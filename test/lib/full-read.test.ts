import { Duration } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sns from 'aws-cdk-lib/aws-sns';
import { BackupVault, Notify, VaultLock, type FullReadOptions, type PostgresBackupProps } from '../../lib';
import { ENVIRONMENT } from '../../model';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack } from './support/stacks';

function backup(fullRead?: FullReadOptions, props: Partial<PostgresBackupProps> = {}) {
  const stack = testStack();
  const vault = new BackupVault(stack, 'Vault', { lock: VaultLock.governance(Duration.days(14)) });
  const made = testBackup(stack, { vault, verification: { minimumRows: 1000, fullRead }, ...props });
  return { stack, made, template: templateOf(stack) };
}

interface Container {
  readonly Command: string[];
  readonly Environment: readonly { readonly Name: string; readonly Value: unknown }[];
}

function containerOf(template: Template): Container {
  const tasks = Object.entries(template.findResources('AWS::ECS::TaskDefinition'));
  const [, found] = tasks.find(([id]) => id.startsWith('BackupFullRead')) ?? [];
  return (found as { Properties: { ContainerDefinitions: [Container] } }).Properties.ContainerDefinitions[0];
}

describe('what is read whole is', () => {
  const imported = (checksums?: boolean) => {
    const stack = testStack();
    const vault = BackupVault.fromVaultAttributes(stack, 'Theirs', { bucketName: 'acme-backups', checksums });
    return testBackup(stack, { vault }).fullRead !== undefined;
  };

  test('nothing, in a vault of ours, unless asked for', () => {
    expect(backup().made.fullRead).toBeUndefined();
    expect(backup({}).made.fullRead).toBeDefined();
  });

  test('the newest, in an existing bucket, unless somebody says that it keeps checksums', () => {
    expect([imported(undefined), imported(false), imported(true)]).toEqual([true, true, false]);
  });
});

test('the task reads the newest recovery point whatever its state, and records the result', () => {
  const { Command: command, Environment: environment } = containerOf(backup({}).template);
  expect(command).toEqual(['verify', 'latest', '--depth', 'read', '--record', '--component', 'dump']);
  const values = Object.fromEntries(environment.map(({ Name, Value }) => [Name, Value]));
  expect(values).toMatchObject({
    [ENVIRONMENT.source]: 'orders',
    [ENVIRONMENT.minimumRows]: '1000',
    [ENVIRONMENT.lockDuration]: String(14 * 86_400),
    [ENVIRONMENT.encryptionKey]: expect.anything() as unknown,
  });
});

test('it runs daily unless another time is stated, with a dead-letter queue, and without a public address', () => {
  const target = (schedule: string) => ({
    ScheduleExpression: schedule,
    Target: Match.objectLike({
      DeadLetterConfig: Match.anyValue(),
      EcsParameters: Match.objectLike({
        TaskDefinitionArn: { Ref: Match.stringLikeRegexp('^BackupFullReadTask') },
        NetworkConfiguration: { AwsvpcConfiguration: Match.objectLike({ AssignPublicIp: 'DISABLED' }) },
      }),
    }),
  });
  backup({}).template.hasResourceProperties('AWS::Scheduler::Schedule', target('rate(1 day)'));
  const hourly = backup({ schedule: scheduler.ScheduleExpression.rate(Duration.hours(1)) });
  hourly.template.hasResourceProperties('AWS::Scheduler::Schedule', target('rate(1 hour)'));
});

test('the task may read recovery points and write results of verifications, and nothing else in the vault', () => {
  const held = permissions(backup({}).template).filter(({ holder }) => holder.startsWith('BackupFullReadTaskTaskRole'));
  const written = held.filter(({ action }) => action === 's3:PutObject').map(({ resource }) => resource);
  expect(written).toHaveLength(1);
  expect(written[0]).toContain('"/orders/dump/*/verification.json"');
  expect(held.filter(({ action }) => /Delete|Secret|rds|Tagging$/.test(action)).map(({ action }) => action)).toEqual([
    's3:GetObjectTagging',
  ]);
});

test('that none passed alarms, and so does silence; the task that reads and the one that backs up are told apart', () => {
  const { template, made } = backup({ within: Duration.days(3) });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'FullReadPassed',
    Period: 86_400,
    EvaluationPeriods: 3,
    Threshold: 1,
    ComparisonOperator: 'LessThanThreshold',
    TreatMissingData: 'breaching',
    AlarmDescription: Match.anyValue(),
  });
  const inputs = Object.values(template.findResources('AWS::Events::Rule')).flatMap(({ Properties }) =>
    (Properties as { Targets: { InputTransformer?: { InputTemplate: string } }[] }).Targets.flatMap(
      ({ InputTransformer }) => InputTransformer?.InputTemplate ?? [],
    ),
  );
  expect(inputs.sort()).toEqual([
    '{"action":"task","component":"dump","detail":<detail>}',
    '{"action":"task","component":"dump","purpose":"full-read","detail":<detail>}',
  ]);
  expect(made.fullRead?.task.taskDefinition.family).not.toBe(made.dump.task.taskDefinition.family);
});

test('its alarm is told like the others, through other topics too, and is on the dashboard', () => {
  const stack = testStack();
  const ours = sns.Topic.fromTopicArn(stack, 'Ours', 'arn:aws:sns:eu-central-1:111122223333:ops');
  const made = testBackup(stack, { verification: { fullRead: {} }, notify: [Notify.topic(ours)] });
  const template = templateOf(stack);
  template.allResourcesProperties('AWS::CloudWatch::Alarm', {
    AlarmActions: [{ Ref: Match.stringLikeRegexp('^BackupAlarmTopic') }, ours.topicArn],
  });
  const boards = JSON.stringify(template.findResources('AWS::CloudWatch::Dashboard'));
  expect(boards).toContain('BackupFullReadOverdue');
  expect(made.alarms.all).not.toContain(made.fullRead?.overdue);
});

test.each([[Duration.hours(36)], [Duration.days(8)], [Duration.days(0)]])(
  'a time that no alarm can watch is refused: %j',
  (within) => {
    expect(() => backup({ within })).toThrow(/within of the full read is .*, but must be whole days, 1 to 7/);
  },
);
