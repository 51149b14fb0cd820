import { Duration } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { BackupPlan, BackupRule, ObjectMirror, ObjectSource, SetSchedule } from '../../lib';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack } from './support/stacks';

function systemOf(sets: SetSchedule, plan?: BackupPlan) {
  const stack = testStack();
  const backup = testBackup(stack, { sets, plan });
  const uploads = s3.Bucket.fromBucketName(stack, 'Uploads', 'acme-uploads');
  backup.addObjects('uploads', { from: ObjectSource.bucket(uploads) });
  return { stack, backup, uploads };
}

/** Construct ids of what is started, with the rules. */
function startedBy(stack: ReturnType<typeof testStack>): string[] {
  const found = Object.entries(templateOf(stack).findResources('AWS::Scheduler::Schedule'));
  return found.map(([id]) => id.replace(/[0-9A-F]{8}$/, '')).filter((id) => /Schedules/.test(id));
}

test('by each rule one task starts all components, and these are not started besides', () => {
  const { stack } = systemOf(SetSchedule.byPlan());
  expect(startedBy(stack).sort()).toEqual(
    ['daily', 'hourly', 'monthly', 'weekly'].map((rule) => `BackupSetsSchedules${rule}`),
  );
});

test('by some rules sets are made, by the others each component is started by itself', () => {
  const { stack } = systemOf(SetSchedule.byRules(['daily']), new BackupPlan([BackupRule.hourly(), BackupRule.daily()]));
  expect(startedBy(stack).sort()).toEqual([
    'BackupDumpScheduleshourly',
    'BackupObjectsScheduleshourly',
    'BackupSetsSchedulesdaily',
  ]);
});

test('the task runs what is in the set, with the scheduler’s own time, and no longer than until the next one', () => {
  const { stack } = systemOf(SetSchedule.byRules(['hourly']));
  const template = templateOf(stack);
  template.hasResourceProperties('AWS::ECS::TaskDefinition', {
    Cpu: '256',
    Memory: '512',
    ContainerDefinitions: [
      Match.objectLike({ Command: ['run', '--set', '--component', 'dump', '--component', 'objects'] }),
    ],
  });
  const [schedule] = Object.values(template.findResources('AWS::Scheduler::Schedule')).filter((one) =>
    JSON.stringify(one).includes('BackupSetsTask'),
  );
  const { Input } = (schedule as { Properties: { Target: { Input: string } } }).Properties.Target;
  const overrides = JSON.stringify(Input);
  expect(overrides).toContain('<aws.scheduler.scheduled-time>');
  expect(overrides).toMatch(/POSTGRES_BACKUP_CLASS[^}]*hourly/);
  expect(overrides).toMatch(/POSTGRES_BACKUP_DEADLINE[^}]*3600/);
});

test('the task reads none of the data, and without queries it cannot reach the server', () => {
  const { stack, backup } = systemOf(SetSchedule.byPlan());
  const given = permissions(templateOf(stack))
    .filter(({ holder }) => holder.startsWith('BackupSetsTaskTaskRole'))
    .map(({ action, resource }) => `${action} ${/\/orders\/[^"]*/.exec(resource)?.[0] ?? ''}`.trim());
  expect(given.filter((one) => one.startsWith('s3:GetObject ')).sort()).toEqual([
    's3:GetObject /orders/*/drill.json',
    's3:GetObject /orders/*/failure*.json',
    's3:GetObject /orders/*/manifest.json',
    's3:GetObject /orders/*/set.json',
    's3:GetObject /orders/*/verification.json',
  ]);
  expect(given.filter((one) => one.startsWith('s3:PutObject'))).toEqual(['s3:PutObject /orders/sets/*/set.json']);
  expect(given).not.toContain('secretsmanager:GetSecretValue');
  expect(given.some((one) => /Delete|Tagging /.test(one.replace('GetObjectTagging', '')))).toBe(false);
  expect(backup.sets?.task.connections.securityGroups).toHaveLength(1);
});

test('with queries it may ask the server and read inventories, and has a place for the keys', () => {
  const references = { uploads: 'SELECT object_key FROM documents' };
  const { stack } = systemOf(SetSchedule.byPlan({ references }));
  const template = templateOf(stack);
  const [task] = Object.values(template.findResources('AWS::ECS::TaskDefinition')).filter((one) =>
    JSON.stringify(one).includes('"--set"'),
  );
  const text = JSON.stringify(task);
  expect(text).toContain('uploads=SELECT object_key FROM documents');
  expect(text).toContain('"PGHOST"');
  expect(text).toContain('"ContainerPath":"/tmp"');
  const given = permissions(template)
    .filter(({ holder }) => holder.startsWith('BackupSetsTaskTaskRole'))
    .map(({ action, resource }) => `${action} ${/\/orders\/[^"]*/.exec(resource)?.[0] ?? ''}`.trim());
  expect(given).toContain('s3:GetObject /orders/objects/*/inventory-*.jsonl.zst');
  expect(given).toContain('secretsmanager:GetSecretValue');
  expect(given).not.toContain('s3:GetObject /orders/objects/*');
});

test('the newest good set alarms by its age, and the last one that is none to restore; silence is bad news', () => {
  const { stack, backup } = systemOf(SetSchedule.byRules(['daily']));
  const alarm = (metric: string, threshold: number) =>
    templateOf(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: metric,
      Threshold: threshold,
      TreatMissingData: 'breaching',
      AlarmDescription: Match.anyValue(),
    });
  alarm('NewestSetAge', 26 * 3600);
  alarm('LastSetFailed', 0);
  expect(backup.sets?.newestAge.toHours()).toBe(26);
});

test('a task of sets that AWS does not start, or stops before it runs, alarms like that of a component', () => {
  const { stack, backup } = systemOf(SetSchedule.byRules(['daily']));
  const template = templateOf(stack);
  const group = stack.resolve(backup.sets?.schedules.group.scheduleGroupName) as object;
  for (const metric of ['InvocationDroppedCount', 'TargetErrorCount']) {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: metric,
      Dimensions: [{ Name: 'ScheduleGroup', Value: group }],
      TreatMissingData: 'notBreaching',
    });
  }
  const rules = Object.values(template.findResources('AWS::Events::Rule')).map((rule) => JSON.stringify(rule));
  const [rule] = rules.filter((text) => text.includes('purpose') && text.includes('sets'));
  expect(rule).toContain(String(backup.sets?.task.taskDefinition.family));
  expect(rule).toContain('ECS Task State Change');
});

test('a component with a plan of its own is in no set, and starts by itself', () => {
  const { stack, backup, uploads } = systemOf(SetSchedule.byPlan());
  const plan = new BackupPlan([BackupRule.daily()]);
  const other = new ObjectMirror(stack, 'Other', { ...backup.componentDefaults, sourceName: 'billing', plan });
  other.addMirror('uploads', { from: ObjectSource.bucket(uploads) });
  expect(startedBy(stack)).toContain('OtherSchedulesdaily');
});

test('a component of the plan that is not added would never be started: synthesis says so', () => {
  const { stack, backup, uploads } = systemOf(SetSchedule.byPlan());
  const other = new ObjectMirror(stack, 'Other', { ...backup.componentDefaults, sourceName: 'billing' });
  other.addMirror('uploads', { from: ObjectSource.bucket(uploads) });
  expect(() => templateOf(stack)).toThrow(/goes by the plan of sets, and is in none: add it to the backup/);
});

test.each<[string, () => unknown, RegExp]>([
  [
    'a rule that the plan has not',
    () => systemOf(SetSchedule.byRules(['nightly'])),
    /by the rule 'nightly', but the plan has: hourly, daily, weekly, monthly/,
  ],
  ['no rule', () => systemOf(SetSchedule.byRules([])), /by no rule, but the plan has/],
  [
    'an age that is shorter than the time between two sets',
    () => systemOf(SetSchedule.byRules(['daily'], { newestAge: Duration.hours(20) })),
    /newestAge of the sets is 20 h, but the time between two sets is 24 h/,
  ],
  [
    'an empty query',
    () => SetSchedule.byPlan({ references: { uploads: ' ' } }),
    /query of references for 'uploads' is empty/,
  ],
  [
    'no name of a mirror',
    () => SetSchedule.byPlan({ references: { 'Up/loads': 'SELECT 1' } }),
    /'Up\/loads', which is not usable/,
  ],
  [
    'one schedule for two backups',
    () => {
      const sets = SetSchedule.byPlan();
      systemOf(sets);
      systemOf(sets);
    },
    /given to two backups/,
  ],
])('%s is refused', (_name, make, sentence) => {
  expect(make).toThrow(sentence);
});

test('without sets nothing of them is there, and nothing warns', () => {
  const stack = testStack();
  const backup = testBackup(stack);
  expect(backup.sets).toBeUndefined();
  Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('set'));
  expect(JSON.stringify(templateOf(stack).toJSON())).not.toContain('NewestSetAge');
});
