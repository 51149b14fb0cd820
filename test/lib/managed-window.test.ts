/** The construct that watches a managed window: what it may ask, what it promises, when it rings, and what it refuses. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as sns from 'aws-cdk-lib/aws-sns';
import { ManagedDatabase, ManagedWindow, PostgresSource, type ManagedWindowProps } from '../../lib';
import { FUNCTION_ENVIRONMENT, METRICS } from '../../model';
import { permissions } from './support/policies';
import { testInstance, testSource, testVpc } from './support/stacks';

process.env.CDK_VALIDATION = 'false';

const ENV = { account: '111122223333', region: 'eu-central-1' };

function watch(props: Partial<ManagedWindowProps> = {}): { stack: Stack; window: ManagedWindow } {
  const stack = new Stack(new App(), 'Shop', { env: ENV });
  const window = new ManagedWindow(stack, 'Window', {
    sourceName: 'orders',
    database: ManagedDatabase.fromInstanceIdentifier('orders'),
    topic: sns.Topic.fromTopicArn(stack, 'Topic', 'arn:aws:sns:eu-central-1:111122223333:alarms'),
    ...props,
  });
  return { stack, window };
}

function promiseIn(stack: Stack): unknown {
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function')) as {
    Properties: { Environment: { Variables: Record<string, string> } };
  }[];
  return JSON.parse(Properties.Environment.Variables[FUNCTION_ENVIRONMENT.managedWindow]);
}

/** What the function may ask of Amazon RDS, action by action. */
function rightsOn(stack: Stack): string[][] {
  return permissions(Template.fromStack(stack))
    .filter(({ action }) => action.startsWith('rds:'))
    .map(({ action, resource }) => [action, resource]);
}

test('seven days, encrypted and protected are promised where nothing else is said', () => {
  const expected = { kind: 'instance', identifier: 'orders' };
  expect(promiseIn(watch().stack)).toEqual({
    ...expected,
    retentionDays: 7,
    encrypted: true,
    deletionProtection: true,
  });
  const { stack } = watch({ retention: Duration.days(14), encrypted: false, deletionProtection: false });
  expect(promiseIn(stack)).toEqual({ ...expected, retentionDays: 14, encrypted: false, deletionProtection: false });
});

test('the function may describe this one instance, and nothing else of Amazon RDS', () => {
  const arn = '["",["arn:",{"Ref":"AWS::Partition"},":rds:eu-central-1:111122223333:db:orders"]]';
  const resource = JSON.stringify({ 'Fn::Join': JSON.parse(arn) as unknown });
  expect(rightsOn(watch().stack)).toEqual([
    ['rds:DescribeDBInstances', resource],
    ['rds:DescribeDBInstanceAutomatedBackups', resource],
    ['rds:DescribeDBSnapshots', resource],
  ]);
});

test('the function may describe this one cluster, and nothing else of Amazon RDS', () => {
  const rights = rightsOn(watch({ database: ManagedDatabase.fromClusterIdentifier('shop') }).stack);
  expect(rights.map(([action]) => action)).toEqual(['rds:DescribeDBClusters', 'rds:DescribeDBClusterSnapshots']);
  for (const [, resource] of rights) expect(resource).toContain(':rds:eu-central-1:111122223333:cluster:shop"');
});

test('of a database of the stack, the one that is deployed is meant', () => {
  const stack = new Stack(new App(), 'Shop', { env: ENV });
  const source = PostgresSource.fromDatabaseInstance(testInstance(stack, testVpc(stack)), { name: 'orders' });
  new ManagedWindow(stack, 'Window', {
    sourceName: source.sourceName,
    database: source.managedDatabase(),
    topic: new sns.Topic(stack, 'Topic'),
  });
  const [[, resource]] = rightsOn(stack);
  expect(resource).toMatch(/:db:",\{"Ref":"Orders[0-9A-F]+"\}/);
});

test('of a cluster as a source, the cluster is meant', () => {
  const stack = new Stack(new App(), 'Shop', { env: ENV });
  const cluster = new rds.DatabaseCluster(stack, 'Orders', {
    engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_16_4 }),
    writer: rds.ClusterInstance.serverlessV2('writer'),
    vpc: testVpc(stack),
  });
  const database = PostgresSource.fromDatabaseCluster(cluster, { name: 'orders' }).managedDatabase();
  expect([database.kind, stack.resolve(database.identifier)]).toEqual([
    'cluster',
    { Ref: expect.stringMatching(/^Orders/) as string },
  ]);
});

test('another server has no managed window', () => {
  const stack = new Stack(new App(), 'Shop');
  expect(() => testSource(stack).managedDatabase()).toThrow(/source 'orders' is not made from an RDS instance/);
});

test('each alarm takes silence for bad news, and tells the topic when it begins and ends', () => {
  const { stack } = watch({ recoveryPointObjective: Duration.minutes(20), snapshotAge: Duration.hours(30) });
  const template = Template.fromStack(stack);
  const topic = ['arn:aws:sns:eu-central-1:111122223333:alarms'];
  for (const [metric, threshold] of [
    [METRICS.managedRestorableAge.name, 1200],
    [METRICS.managedSnapshotAge.name, 108_000],
    [METRICS.managedFindings.name, 0],
  ] as const) {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: metric,
      Threshold: threshold,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'breaching',
      Statistic: 'Maximum',
      Period: 900,
      Dimensions: [
        { Name: 'Component', Value: 'wal' },
        { Name: 'Source', Value: 'orders' },
      ],
      AlarmActions: topic,
      OKActions: topic,
      AlarmDescription: Match.stringLikeRegexp(
        'describe-db-instances --db-instance-identifier orders\nRunbook: .*managed-window.md',
      ),
    });
  }
  template.resourceCountIs('AWS::CloudWatch::Alarm', 3);
  template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' });
});

test.each<[Partial<ManagedWindowProps>, RegExp]>([
  [{ retention: Duration.days(0) }, /retention is .*, but AWS keeps automated backups for 1 to 35 whole days/],
  [{ retention: Duration.days(36) }, /retention is 36 days/],
  [{ retention: Duration.hours(36) }, /retention is 1 day 12 hours/],
  [{ recoveryPointObjective: Duration.minutes(10) }, /recoveryPointObjective is 10 minutes, but it must be more than/],
  [{ snapshotAge: Duration.hours(24) }, /snapshotAge is 1 day, but it must be more than 1 day/],
  [{ sourceName: 'Not A Name' }, /source name 'Not A Name' is not usable/],
])('%j is refused', (props, message) => {
  expect(() => watch(props)).toThrow(message);
});

test.each(['*', 'Orders', 'a--b', 'a-', '1st', '', 'orders,shop', 'a'.repeat(64)])('the name %j is refused', (name) => {
  const message = /is '.*', but the name of a database is 1 to 63 lower-case/;
  expect(() => ManagedDatabase.fromInstanceIdentifier(name)).toThrow(message);
  expect(() => ManagedDatabase.fromClusterIdentifier(name)).toThrow(message);
});

test('a database of another region is refused', () => {
  const app = new App();
  const elsewhere = new Stack(app, 'Elsewhere', { env: { ...ENV, region: 'eu-west-1' } });
  const database = ManagedDatabase.fromDatabaseInstance(testInstance(elsewhere, testVpc(elsewhere)));
  expect(() => watch({ database })).toThrow(/Window is in eu-central-1, but Elsewhere\/Orders in eu-west-1/);
});
