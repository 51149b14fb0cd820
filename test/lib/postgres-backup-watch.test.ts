import { Duration } from 'aws-cdk-lib';
import { Annotations, Match, type Template } from 'aws-cdk-lib/assertions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { BackupPlan, BackupVault, Notify, type PostgresBackupProps } from '../../lib';
import { ENVIRONMENT } from '../../model';
import { templateOf, testBackup, testStack } from './support/stacks';

function stackWith(props: Partial<PostgresBackupProps> = {}) {
  const stack = testStack();
  const backup = testBackup(stack, props);
  return { stack, backup, template: templateOf(stack) };
}

/** The variables of the function whose logical id begins so. */
function variablesOf(template: Template, id: string): Record<string, unknown> {
  const functions = Object.entries(template.findResources('AWS::Lambda::Function'));
  const found = functions.find(([name]) => name.startsWith(id))?.[1] as {
    Properties: { Environment: { Variables: Record<string, unknown> } };
  };
  return found.Properties.Environment.Variables;
}

test('a backup of which nothing but source and network is said is verified, ended, watched and shown', () => {
  const { backup, template } = stackWith();
  template.resourceCountIs('AWS::Lambda::Function', 4);
  template.resourceCountIs('AWS::CloudWatch::Alarm', 15);
  template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  template.resourceCountIs('AWS::SNS::Topic', 1);
  expect(backup.alarms.all).toHaveLength(15);
  expect(backup.alarms.newestAge.toHours()).toBe(2);
  expect(variablesOf(template, 'BackupVerification')).toMatchObject({ [ENVIRONMENT.source]: 'orders' });
  expect(JSON.parse(String(variablesOf(template, 'BackupRetention')[ENVIRONMENT.retention]))).toMatchObject({
    minimumVerified: 3,
    classes: { hourly: { keepSeconds: 86_400 } },
  });
});

test('all that could not be started or handled waits in one queue, which an alarm watches', () => {
  const { template } = stackWith();
  template.resourceCountIs('AWS::SQS::Queue', 1);
  const queue = { 'Fn::GetAtt': [Match.stringLikeRegexp('^BackupDeadLetters'), 'Arn'] };
  template.allResourcesProperties('AWS::Lambda::Function', { DeadLetterConfig: { TargetArn: queue } });
  template.allResourcesProperties('AWS::Scheduler::Schedule', { Target: { DeadLetterConfig: { Arn: queue } } });
  template.allResourcesProperties('AWS::Events::Rule', {
    Targets: [Match.objectLike({ DeadLetterConfig: { Arn: queue } })],
  });
});

test('each part can be adjusted', () => {
  const { template, backup } = stackWith({
    plan: BackupPlan.development(),
    minimumTables: 12,
    verification: { minimumRows: 1000 },
    retention: { minimumVerified: 5 },
    alarms: { newestAge: Duration.hours(36) },
  });
  expect(variablesOf(template, 'BackupVerification')).toMatchObject({
    [ENVIRONMENT.minimumTables]: '12',
    [ENVIRONMENT.minimumRows]: '1000',
  });
  expect(JSON.parse(String(variablesOf(template, 'BackupRetention')[ENVIRONMENT.retention]))).toMatchObject({
    minimumVerified: 5,
  });
  expect(backup.alarms.newestAge.toHours()).toBe(36);
  expect(backup.alarms.newestVerifiedAge.toHours()).toBe(37);
});

test('who is to be told is told; that nobody is, is warned of', () => {
  const told = stackWith({ notify: [Notify.email('ops@example.com'), Notify.email('dba@example.com')] });
  told.template.resourceCountIs('AWS::SNS::Subscription', 2);
  Annotations.fromStack(told.stack).hasNoWarning('*', Match.anyValue());
  Annotations.fromStack(stackWith().stack).hasWarning('/Shop/Backup', Match.stringLikeRegexp('nobody is told'));
});

test('alarms go to a topic that is given, and none is made', () => {
  const stack = testStack();
  const alarmTopic = sns.Topic.fromTopicArn(stack, 'Ours', 'arn:aws:sns:eu-central-1:111122223333:ops');
  testBackup(stack, { alarmTopic });
  const template = templateOf(stack);
  template.resourceCountIs('AWS::SNS::Topic', 0);
  template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: [alarmTopic.topicArn] });
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});

test('in an existing bucket, which may send no events, a new backup has time until the daily verification', () => {
  const stack = testStack();
  const vault = BackupVault.fromVaultAttributes(stack, 'Vault', { bucketName: 'acme-backups' });
  const { alarms } = testBackup(stack, { vault });
  expect(alarms.newestAge.toHours()).toBe(2);
  expect(alarms.newestVerifiedAge.toHours()).toBe(27);
});
