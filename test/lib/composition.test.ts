/** Several components of one source: one set of functions, alarms of each, one dashboard; and the dump's alarms stay what they are. */
import { Duration } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import {
  BackupComponent,
  BackupPlan,
  Notify,
  ObjectSource,
  ScheduledComponent,
  type PostgresBackup,
  type PostgresBackupProps,
  type ScheduledComponentProps,
} from '../../lib';
import { FUNCTION_ENVIRONMENT } from '../../model';
import { readRetentionSettings } from '../../runtime/retention/settings';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack, testVpc } from './support/stacks';

/** As short as a component can be. */
class Sample extends ScheduledComponent {
  constructor(scope: Construct, id: string, props: ScheduledComponentProps, component = BackupComponent.FILES) {
    super(scope, id, props, { component, command: ['backup', component], environment: { SAMPLE: 'yes' } });
  }
}

function composed(
  props: Partial<PostgresBackupProps> = {},
  change: (backup: PostgresBackup) => Partial<ScheduledComponentProps> = () => ({}),
) {
  const stack = testStack();
  const backup = testBackup(stack, props);
  const sample = new Sample(stack, 'Sample', { ...backup.componentDefaults, ...change(backup) });
  backup.addComponent(sample);
  return { stack, backup, sample, template: templateOf(stack) };
}

function variablesOf(template: Template, id: string): Record<string, unknown> {
  const [, found] = Object.entries(template.findResources('AWS::Lambda::Function')).find(([name]) =>
    name.startsWith(id),
  ) as [string, { Properties: { Environment: { Variables: Record<string, unknown> } } }];
  return found.Properties.Environment.Variables;
}

const alarmIds = (template: Template) => Object.keys(template.findResources('AWS::CloudWatch::Alarm'));

test('the same functions serve another component: none is added', () => {
  const plain = testStack();
  testBackup(plain);
  const alone = templateOf(plain);
  const { template } = composed();
  const count = (one: Template, type: string) => Object.keys(one.findResources(type)).length;
  for (const type of ['AWS::Lambda::Function', 'AWS::SQS::Queue', 'AWS::SNS::Topic', 'AWS::CloudWatch::Dashboard']) {
    expect([type, count(template, type)]).toEqual([type, count(alone, type)]);
  }
  for (const name of ['BackupVerification', 'BackupRetention', 'BackupFreshness']) {
    expect(variablesOf(template, name)).toMatchObject({ [FUNCTION_ENVIRONMENT.components]: '["dump","files"]' });
  }
});

test('its task is told vault and source, and may write its own prefix alone', () => {
  const { template } = composed();
  template.hasResourceProperties('AWS::ECS::TaskDefinition', {
    ContainerDefinitions: [
      Match.objectLike({
        Command: ['backup', 'files'],
        Environment: Match.arrayWith([
          { Name: 'SAMPLE', Value: 'yes' },
          { Name: 'POSTGRES_BACKUP_SOURCE', Value: 'orders' },
        ]),
      }),
    ],
  });
  const written = permissions(template)
    .filter(({ holder, action }) => holder.startsWith('SampleTaskTaskRole') && action.startsWith('s3:'))
    .map(({ action, resource }) => `${action} ${/\/orders\/[^"]*/.exec(resource)?.[0]}`);
  expect(written).toEqual([
    's3:PutObject /orders/files/*',
    's3:AbortMultipartUpload /orders/files/*',
    // What is written about runs, and none of the data.
    's3:GetObject /orders/files/*/started*.json',
    's3:GetObject /orders/files/*/failure*.json',
    's3:GetObject /orders/files/*/manifest.json',
  ]);
});

test('its new recovery points start the verification, whose role may read them', () => {
  const { template } = composed();
  template.hasResourceProperties('AWS::Events::Rule', {
    Description: 'New recovery points of orders',
    EventPattern: {
      detail: {
        object: { key: [{ wildcard: 'orders/dump/*/manifest.json' }, { wildcard: 'orders/files/*/manifest.json' }] },
      },
    },
  });
  const allowed = permissions(template)
    .filter(({ resource }) => resource.includes('/orders/files/'))
    .map(({ holder, action }) => `${holder.replace(/(Role|DefaultPolicy|[0-9A-F]{8})+.*$/, '')} ${action}`);
  expect(allowed).toContain('BackupVerificationFunction s3:GetObjectVersion');
  expect(allowed).toContain('BackupRetentionFunction s3:PutObjectVersionTagging');
});

test('it has alarms of its own, which say which component they are of, and the dashboard shows it', () => {
  const { template, backup } = composed();
  const own = alarmIds(template).filter((id) => id.startsWith('BackupAlarmsfiles'));
  expect(own).toEqual([
    'BackupAlarmsfilesBackupTooOld1329D048',
    'BackupAlarmsfilesVerifiedBackupTooOld77E448C5',
    'BackupAlarmsfilesBackupFailed7F3D5B49',
    'BackupAlarmsfilesVerificationFailed503CE095',
    'BackupAlarmsfilesVerificationOverdue867C4CF4',
    'BackupAlarmsfilesRetentionOverdue4B64F958',
    'BackupAlarmsfilesStartsDroppedC09B3803',
    'BackupAlarmsfilesStartsRefused8EA2081D',
    'BackupAlarmsfilesTasksNotStarted7F622CC2',
  ]);
  expect(backup.alarms.all).toHaveLength(alarmIds(template).length);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'NewestBackupAge',
    Dimensions: Match.arrayWith([{ Name: 'Component', Value: 'files' }]),
    AlarmDescription: {
      'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp('^orders \\(files\\): the newest')])],
    },
  });
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  const body = JSON.stringify(dashboard);
  expect(body).toContain('## files');
  expect(body).toContain('NewestBackupItems');
  for (const id of alarmIds(template)) expect(body).toContain(id);
});

test('the alarms of the dump keep their logical ids, whatever is added', () => {
  const ofDump = alarmIds(composed().template).filter((id) => !id.startsWith('BackupAlarmsfiles'));
  expect(ofDump.sort()).toEqual([
    'BackupAlarmsBackupFailedC7243CF2',
    'BackupAlarmsBackupTooOld83243ABB',
    'BackupAlarmsDeadLetters40DB04DC',
    'BackupAlarmsFreshnessSilent7A5D0D31',
    'BackupAlarmsKeyUnusableDDD4C551',
    'BackupAlarmsReportsErrors0591D689',
    'BackupAlarmsRetentionErrors6BA05723',
    'BackupAlarmsRetentionOverdue949BA366',
    'BackupAlarmsStartsDropped4E3B0297',
    'BackupAlarmsStartsRefused43CFCF9F',
    'BackupAlarmsTasksNotStarted94B84110',
    'BackupAlarmsVerificationErrors106D7A3C',
    'BackupAlarmsVerificationFailed2F24A6E5',
    'BackupAlarmsVerificationOverdueDB1520BB',
    'BackupAlarmsVerifiedBackupTooOld80022854',
  ]);
});

test('mirrors are added by name, and make one component', () => {
  const stack = testStack();
  const backup = testBackup(stack);
  const from = ObjectSource.bucket(s3.Bucket.fromBucketName(stack, 'Uploads', 'acme-uploads'));
  const mirror = backup.addObjects('uploads', { from });
  expect(backup.addObjects('media', { from })).toBe(mirror);
  expect(backup.components.map(({ component }) => component)).toEqual(['dump', 'objects']);
  expect(() => backup.addObjects('media', { from })).toThrow("has a mirror 'media' already");
  templateOf(stack).resourceCountIs('AWS::ECS::TaskDefinition', 2);
});

test('file systems and settings are added, each watched as the dump is', () => {
  const stack = testStack();
  const vpc = testVpc(stack);
  const backup = testBackup(stack, { vpc });
  const fileSystem = new efs.FileSystem(stack, 'Media', { vpc });
  const files = backup.addFiles('media', { fileSystem });
  expect(backup.addFiles('archive', { fileSystem })).toBe(files);
  backup.addConfiguration({ parameterPaths: ['/orders'] });
  expect(backup.components.map(({ component }) => component)).toEqual(['dump', 'files', 'configuration']);
  const template = templateOf(stack);
  expect(variablesOf(template, 'BackupFreshness')).toMatchObject({
    [FUNCTION_ENVIRONMENT.components]: '["dump","files","configuration"]',
  });
  expect(alarmIds(template).filter((id) => /^BackupAlarms(files|configuration)BackupTooOld/.test(id))).toHaveLength(2);
});

test('a plan of its own gives its retention and its alarms', () => {
  const { template, sample, backup } = composed({ plan: BackupPlan.production() }, () => ({
    plan: BackupPlan.development(),
  }));
  const environment = variablesOf(template, 'BackupRetention');
  const { requests } = readRetentionSettings({ ...environment, POSTGRES_BACKUP_VAULT: 's3://acme' });
  expect(requests.map(({ component, policy }) => [component, policy.classes.daily?.keepSeconds])).toEqual([
    ['dump', 30 * 86_400],
    ['files', 7 * 86_400],
  ]);
  expect(sample.plan.rules).toHaveLength(2);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'NewestBackupAge',
    Threshold: 26 * 3600,
    Dimensions: Match.arrayWith([{ Name: 'Component', Value: 'files' }]),
  });
  expect(backup.alarms.newestAge.toHours()).toBe(2);
});

test('who hears of alarms through a topic of their own hears of these too', () => {
  const stack = testStack();
  const topic = sns.Topic.fromTopicArn(stack, 'Ours', 'arn:aws:sns:eu-central-1:111122223333:ops');
  const backup = testBackup(stack, { notify: [Notify.topic(topic)] });
  backup.addComponent(new Sample(stack, 'Sample', backup.componentDefaults));
  templateOf(stack).allResourcesProperties('AWS::CloudWatch::Alarm', {
    AlarmActions: Match.arrayWith([topic.topicArn]),
  });
});

test('a plan that cannot give the recovery point objective is refused for what holds data', () => {
  const hourly = { recoveryPointObjective: Duration.hours(1) };
  const daily = () => ({ plan: BackupPlan.development() });
  expect(() => composed(hourly, daily)).toThrow('recoveryPointObjective is 1 hour');
});

test('one of another source is refused, and one of a kind that is there', () => {
  expect(() => composed({}, () => ({ sourceName: 'billing' }))).toThrow(
    "Shop/Sample backs up files of 'billing', but Shop/Backup is of 'orders': make it with componentDefaults",
  );
  expect(() => {
    const { stack, backup } = composed();
    backup.addComponent(new Sample(stack, 'Second', backup.componentDefaults));
  }).toThrow("source name 'orders' is taken");
});
