/** What `PostgresBackup` adds for a server of one's own, and for RDS and Aurora: the log, its heartbeat, base backups, the window of AWS. */
import { Duration, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import { BackupPlan, BackupRule, PostgresSource, PostgresVersion, type PostgresBackupProps } from '../../lib';
import { FUNCTION_ENVIRONMENT } from '../../model';
import { permissions } from './support/policies';
import { templateOf, testBackup, testInstance, testSecret, testStack, testVpc } from './support/stacks';

const REGION = { env: { account: '111122223333', region: 'eu-central-1' } };
const DAILY = new BackupPlan([BackupRule.daily()]);

function physical(props: Partial<PostgresBackupProps> = {}) {
  const stack = testStack(REGION);
  const backup = testBackup(stack, props);
  const wal = backup.addWalArchive();
  return { stack, backup, wal, base: backup.addBaseBackup() };
}

function onRds(props: Partial<PostgresBackupProps> = {}, instance: Partial<rds.DatabaseInstanceProps> = {}) {
  const stack = testStack(REGION);
  const vpc = testVpc(stack);
  const source = PostgresSource.fromDatabaseInstance(testInstance(stack, vpc, instance), { name: 'orders' });
  return { stack, backup: testBackup(stack, { source, vpc, ...props }) };
}

function promiseIn(stack: Stack): unknown {
  const functions = templateOf(stack).findResources('AWS::Lambda::Function', {
    Properties: { Environment: { Variables: { [FUNCTION_ENVIRONMENT.managedWindow]: Match.anyValue() } } },
  });
  const [found] = Object.values(functions) as { Properties: { Environment: { Variables: Record<string, unknown> } } }[];
  const value = found?.Properties.Environment.Variables[FUNCTION_ENVIRONMENT.managedWindow] as Joined | undefined;
  if (value === undefined) return undefined;
  const text = value['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : 'the-name')).join('');
  return JSON.parse(text) as unknown;
}

/** The name of the database is known when it is deployed. */
interface Joined {
  readonly 'Fn::Join': readonly [string, readonly unknown[]];
}

/** Made once: synthesis takes its time. */
const usual = physical();

test('the log and base backups are verified, ended, told of and shown like the rest', () => {
  const { stack, backup, wal, base } = usual;
  expect(backup.components).toContain(base);
  expect(backup.baseBackup).toBe(base);
  expect(backup.wal).toBe(wal);
  const alarms = Object.keys(templateOf(stack).findResources('AWS::CloudWatch::Alarm'));
  expect(alarms).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^BackupWalLogTooOld/),
      expect.stringMatching(/^BackupWalLogBroken/),
      expect.stringMatching(/^BackupWalRetentionFailed/),
      expect.stringMatching(/BaseBackup|Basebackup/i),
    ]) as string[],
  );
  const [dashboard] = Object.values(templateOf(stack).findResources('AWS::CloudWatch::Dashboard'));
  const body = JSON.stringify(dashboard);
  for (const shown of ['BackupWalLogTooOld', 'Age of the newest archived log', 'base-backup'])
    expect(body).toContain(shown);
});

test('an idle server is given a heartbeat by a task that may log in to it, and reaches no vault', () => {
  const { stack } = usual;
  const template = templateOf(stack);
  template.hasResourceProperties('AWS::ECS::TaskDefinition', {
    Cpu: '256',
    ContainerDefinitions: [Match.objectLike({ Command: ['wal-heartbeat'] })],
  });
  template.hasResourceProperties('AWS::Scheduler::Schedule', {
    Description: 'Heartbeat of the log of orders',
    ScheduleExpression: 'rate(5 minutes)',
  });
  const rights = permissions(template).filter(
    ({ holder, action }) => /Heartbeat.*TaskRole/.test(holder) && action !== 'sts:AssumeRole',
  );
  expect([...new Set(rights.map(({ action }) => action.split(':')[0]))]).toEqual(['secretsmanager']);
});

test('who beats by other means has no task for it', () => {
  const backup = testBackup(testStack(REGION));
  const wal = backup.addWalArchive({ heartbeat: { enabled: false } });
  expect(wal.node.tryFindChild('Heartbeat')).toBeUndefined();
});

test('a heartbeat that comes too late for the objective is refused', () => {
  const backup = testBackup(testStack(REGION));
  expect(() =>
    backup.addWalArchive({
      recoveryPointObjective: Duration.minutes(10),
      heartbeat: { interval: Duration.minutes(10) },
    }),
  ).toThrow(/state a shorter interval of the heartbeat/);
});

test('base backups without the archive of the log are refused, and the log of RDS', () => {
  expect(() => testBackup(testStack(REGION)).addBaseBackup()).toThrow(/call addWalArchive first/);
  expect(() => onRds().backup.addWalArchive()).toThrow(/archive their log on their own/);
});

test('every minute is promised by a daily plan where the log is archived, and only with base backups', () => {
  const props = { plan: DAILY, recoveryPointObjective: Duration.minutes(15) };
  expect(() => templateOf(physical(props).stack)).not.toThrow();
  const stack = testStack(REGION);
  testBackup(stack, props).addWalArchive();
  expect(() => templateOf(stack)).toThrow(
    /recoveryPointObjective is 15 minutes(.|\n)*addWalArchive, then addBaseBackup/,
  );
});

test('the log keeps what the backup promises: its alarm goes off when that is missed', () => {
  expect(usual.wal.recoveryPointObjective.toMinutes()).toBe(15);
  const { wal } = physical({ plan: DAILY, recoveryPointObjective: Duration.minutes(12) });
  expect(wal.recoveryPointObjective.toMinutes()).toBe(12);
});

test('what holds data has the names that it had before: adding the log and base backups replaces nothing', () => {
  const stateful = (stack: Stack) =>
    Object.entries(templateOf(stack).toJSON().Resources as Record<string, { Type: string; DeletionPolicy?: string }>)
      .filter(([, { Type }]) => ['AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::Logs::LogGroup'].includes(Type))
      .map(([id]) => id);
  const plain = testStack(REGION);
  testBackup(plain);
  const before = stateful(plain);
  expect(stateful(usual.stack)).toEqual(expect.arrayContaining(before));
  expect(before.filter((id) => /^BackupVault/.test(id))).toMatchInlineSnapshot(`
   [
     "BackupVaultKeyA286A54F",
     "BackupVaultAccessLogsB9056F27",
     "BackupVaultBucketE75C4ACD",
   ]
  `);
});

test('the window of an instance is watched by itself, with what its template promises and no more', () => {
  expect(promiseIn(onRds().stack)).toMatchObject({
    kind: 'instance',
    retentionDays: 1,
    encrypted: false,
  });
  const stated = { backupRetention: Duration.days(14), storageEncrypted: true, deletionProtection: true };
  const { stack, backup } = onRds({}, stated);
  expect(promiseIn(stack)).toMatchObject({ retentionDays: 14, encrypted: true, deletionProtection: true });
  const [dashboard] = Object.values(templateOf(stack).findResources('AWS::CloudWatch::Dashboard'));
  expect(JSON.stringify(dashboard)).toContain('that AWS can restore');
  expect(backup.managedWindow).toBeDefined();
});

test('more can be promised, and the watch left out', () => {
  const { stack } = onRds({ managedWindow: { retention: Duration.days(20), encrypted: true } });
  expect(promiseIn(stack)).toMatchObject({ retentionDays: 20, encrypted: true });
  expect(promiseIn(onRds({ managedWindow: { enabled: false } }).stack)).toBeUndefined();
});

test('the window of a cluster is watched, too', () => {
  const stack = testStack(REGION);
  const vpc = testVpc(stack);
  const cluster = new rds.DatabaseCluster(stack, 'Shop', {
    engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_17_4 }),
    writer: rds.ClusterInstance.serverlessV2('Writer'),
    backup: { retention: Duration.days(9) },
    storageEncrypted: true,
    vpc,
    vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
  });
  testBackup(stack, { source: PostgresSource.fromDatabaseCluster(cluster, { name: 'shop' }), vpc });
  expect(promiseIn(stack)).toMatchObject({ kind: 'cluster', retentionDays: 9, encrypted: true });
});

test('an instance without automated backups is warned of, and one in another region is not watched from here', () => {
  const { stack, backup } = onRds({}, { backupRetention: Duration.days(0) });
  expect(backup.managedWindow).toBeUndefined();
  Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('automated backups of orders are off'));
  const imported = testStack(REGION);
  const source = PostgresSource.fromEndpoint({
    name: 'orders',
    host: 'db.example.com',
    secret: testSecret(imported),
    postgresVersion: PostgresVersion.V17,
  });
  expect(testBackup(imported, { source }).managedWindow).toBeUndefined();
});

test('an hour is promised by a daily plan with the window of AWS, which is told to be no backup; a minute is not', () => {
  const { stack } = onRds({ plan: DAILY, recoveryPointObjective: Duration.hours(1) });
  Annotations.fromStack(stack).hasInfo('*', Match.stringLikeRegexp('goes with the account'));
  expect(() => onRds({ plan: DAILY, recoveryPointObjective: Duration.minutes(1) })).toThrow(
    /recoveryPointObjective is 1 minute(.|\n)*The window of AWS gives 30 minutes/,
  );
  const without = { plan: DAILY, recoveryPointObjective: Duration.hours(1), managedWindow: { enabled: false } };
  expect(() => onRds(without)).toThrow(/The window of AWS is not watched/);
});
