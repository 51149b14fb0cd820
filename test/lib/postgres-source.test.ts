import { App, Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { CertificateAuthority, PostgresSource, PostgresVersion } from '../../lib';
import { POSTGRES_MAJORS } from '../../model';
import { permissions } from './support/policies';
import { templateOf, testBackup, testInstance, testSecret, testSource, testStack, testVpc } from './support/stacks';

const RDS_CA = '/opt/postgres-backup/rds-ca-bundle.pem';

function cluster(stack: Stack, vpc: ec2.IVpc, props: Partial<rds.DatabaseClusterProps> = {}) {
  return new rds.DatabaseCluster(stack, 'Shop', {
    engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_16_4 }),
    writer: rds.ClusterInstance.serverlessV2('Writer'),
    vpc,
    vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
    ...props,
  });
}

describe('an RDS instance', () => {
  const stack = testStack();
  const instance = testInstance(stack, testVpc(stack));
  const source = PostgresSource.fromDatabaseInstance(instance);

  test('says its own name, version, host, port and secret, and is checked against the certificates of RDS', () => {
    expect(source.sourceName).toBe('shop-orders');
    expect(source.postgresVersion.major).toBe('17');
    expect(stack.resolve(source.environment)).toEqual({
      PGHOST: { 'Fn::GetAtt': ['OrdersA9B65338', 'Endpoint.Address'] },
      PGPORT: { 'Fn::GetAtt': ['OrdersA9B65338', 'Endpoint.Port'] },
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: RDS_CA,
      POSTGRES_BACKUP_SECRET: { Ref: 'OrdersSecretAttachment82F308A6' },
    });
  });

  test('that is imported must state its version and how to log in', () => {
    const imported = (engine?: rds.IInstanceEngine) =>
      rds.DatabaseInstance.fromDatabaseInstanceAttributes(testStack(), 'Imported', {
        instanceIdentifier: 'orders',
        instanceEndpointAddress: 'orders.example.com',
        port: 5433,
        securityGroups: [],
        engine,
      });
    expect(() => PostgresSource.fromDatabaseInstance(imported())).toThrow(
      /version of Shop\/Imported is not known here: state it, such as { postgresVersion: PostgresVersion.V17 }/,
    );
    const withVersion = { postgresVersion: PostgresVersion.V15 };
    expect(() => PostgresSource.fromDatabaseInstance(imported(), withVersion)).toThrow(
      /has no secret that is known here/,
    );
    expect(() => PostgresSource.fromDatabaseInstance(imported(rds.DatabaseInstanceEngine.MYSQL))).toThrow(
      'Shop/Imported runs mysql, which is not PostgreSQL',
    );
    const secret = testSecret(testStack());
    expect(PostgresSource.fromDatabaseInstance(imported(), { ...withVersion, secret }).environment).toMatchObject({
      PGHOST: 'orders.example.com',
      PGPORT: '5433',
    });
  });
});

describe('an Aurora cluster', () => {
  test('is read from the writer, or from a reader when told so', () => {
    const stack = testStack();
    const shop = cluster(stack, testVpc(stack));
    const host = (reader?: boolean) =>
      stack.resolve(PostgresSource.fromDatabaseCluster(shop, { reader }).environment.PGHOST) as unknown;
    expect(host()).toEqual({ 'Fn::GetAtt': ['Shop563325D0', 'Endpoint.Address'] });
    expect(host(true)).toEqual({ 'Fn::GetAtt': ['Shop563325D0', 'ReadEndpoint.Address'] });
    expect(PostgresSource.fromDatabaseCluster(shop).postgresVersion.major).toBe('16');
  });

  test('with IAM authentication gives the right to log in as that one user, and no secret', () => {
    const stack = testStack();
    const shop = cluster(stack, testVpc(stack), { iamAuthentication: true });
    const source = PostgresSource.fromDatabaseCluster(shop, {
      iamUsername: 'backup',
      databases: ['orders', 'billing'],
    });
    source.grantConnect(
      new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }),
    );
    expect(source.environment).toMatchObject({
      PGUSER: 'backup',
      POSTGRES_BACKUP_IAM_AUTHENTICATION: 'true',
      PGDATABASE: 'orders',
      POSTGRES_BACKUP_DATABASES: '["orders","billing"]',
    });
    expect(source.environment).not.toHaveProperty('POSTGRES_BACKUP_SECRET');
    const [granted] = permissions(templateOf(stack)).filter(({ action }) => action === 'rds-db:connect');
    expect(granted.resource).toMatch(/:dbuser:",.*DBClusterResourceId.*"\/backup"/);
  });

  test.each([
    ['*', 'iamUsername .* is not usable'],
    ['backup/x', 'iamUsername .* is not usable'],
  ])('does not let IAM authentication be widened by the user name %j', (iamUsername, message) => {
    const stack = testStack();
    const shop = cluster(stack, testVpc(stack));
    expect(() => PostgresSource.fromDatabaseCluster(shop, { iamUsername, allDatabases: true })).toThrow(
      new RegExp(message),
    );
  });

  test('with IAM authentication must say which database, and not name a secret as well', () => {
    const stack = testStack();
    const shop = cluster(stack, testVpc(stack));
    const from = (options: object) => () =>
      PostgresSource.fromDatabaseCluster(shop, { iamUsername: 'backup', ...options });
    expect(from({})).toThrow(/no secret says which database is meant: state databases, or allDatabases: true/);
    expect(from({ allDatabases: true, secret: testSecret(stack) })).toThrow(
      /a secret is given as well: state one of them/,
    );
  });
});

describe('any server', () => {
  test('by endpoint is checked against public authorities', () => {
    expect(testSource(testStack(), { port: 6432 }).environment).toEqual({
      PGHOST: 'db.example.com',
      PGPORT: '6432',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: '/opt/postgres-backup/public-ca-bundle.pem',
      POSTGRES_BACKUP_SECRET: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:orders-AbCdEf',
    });
  });

  test('by DATABASE_URL says where the URL is, and nothing of what is in it', () => {
    const source = PostgresSource.fromDatabaseUrl(testSecret(testStack()), {
      name: 'recruiting',
      urlField: 'DATABASE_URL',
      postgresVersion: PostgresVersion.V17,
    });
    expect(Object.keys(source.environment).sort()).toEqual([
      'PGSSLMODE',
      'PGSSLROOTCERT',
      'POSTGRES_BACKUP_SECRET',
      'POSTGRES_BACKUP_SECRET_URL_FIELD',
    ]);
  });

  test('by DATABASE_URL logs in to the database of the URL, whichever databases are backed up', () => {
    const { environment } = PostgresSource.fromDatabaseUrl(testSecret(testStack()), {
      name: 'recruiting',
      postgresVersion: PostgresVersion.V17,
      allDatabases: true,
    });
    expect(environment).toMatchObject({ POSTGRES_BACKUP_ALL_DATABASES: 'true' });
    expect(environment).not.toHaveProperty('PGDATABASE');
  });

  test.each([
    [{ allDatabases: true, databases: ['x'] }, 'databases is ["x"] and allDatabases is true: state one of them'],
    [{ databases: [] }, 'databases is an empty list'],
    [{ name: 'Orders' }, "source name 'Orders' is not usable: use 1 to 63 lower-case letters"],
  ])('cannot contradict itself: %j', (props, message) => {
    expect(() => testSource(testStack(), props)).toThrow(message);
  });

  test('all databases are reached through the one that is always there', () => {
    expect(testSource(testStack(), { allDatabases: true }).environment).toMatchObject({
      POSTGRES_BACKUP_ALL_DATABASES: 'true',
      PGDATABASE: 'postgres',
    });
  });
});

describe('the network', () => {
  test('lets the task into the server on its port only, and nobody into the task', () => {
    const stack = testStack();
    const vpc = testVpc(stack);
    testBackup(stack, { vpc, source: PostgresSource.fromDatabaseInstance(testInstance(stack, vpc)) });
    const template = templateOf(stack);
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 1);
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: { 'Fn::GetAtt': ['OrdersSecurityGroup2E5456CF', 'GroupId'] },
      FromPort: { 'Fn::GetAtt': ['OrdersA9B65338', 'Endpoint.Port'] },
      SourceSecurityGroupId: Match.anyValue(),
    });
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      GroupDescription: Match.stringLikeRegexp('Backup task'),
      SecurityGroupIngress: Match.absent(),
      SecurityGroupEgress: [Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 })],
    });
    template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      FromPort: { 'Fn::GetAtt': ['OrdersA9B65338', 'Endpoint.Port'] },
      DestinationSecurityGroupId: { 'Fn::GetAtt': ['OrdersSecurityGroup2E5456CF', 'GroupId'] },
    });
  });

  test('lets the task out to a server elsewhere on its port', () => {
    const stack = testStack();
    testBackup(stack, { source: testSource(stack, { port: 6543 }) });
    templateOf(stack).hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: Match.arrayWith([Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 6543, ToPort: 6543 })]),
    });
  });

  test('opens the given security group of a server', () => {
    const stack = testStack();
    const securityGroup = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Server', 'sg-0123456789abcdef0');
    testBackup(stack, { source: testSource(stack, { securityGroup }) });
    templateOf(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: 'sg-0123456789abcdef0',
      FromPort: 5432,
      ToPort: 5432,
    });
  });
});

test('a source in another stack can be deployed and destroyed apart from its backup', () => {
  const app = new App();
  const databaseStack = new Stack(app, 'Database');
  const vpc = testVpc(databaseStack);
  const instance = testInstance(databaseStack, vpc);
  const backupStack = new Stack(app, 'Backup');
  testBackup(backupStack, { vpc, source: PostgresSource.fromDatabaseInstance(instance) });
  templateOf(backupStack);
  expect(backupStack.dependencies).toContain(databaseStack);
  expect(databaseStack.dependencies).toEqual([]);
});

test('versions are those that the image is built for', () => {
  const statics = Object.values(PostgresVersion).filter((value) => value instanceof PostgresVersion);
  expect(statics.map(({ major }) => Number(major))).toEqual([...POSTGRES_MAJORS]);
  expect(PostgresVersion.of('17.2').major).toBe('17');
  expect(() => PostgresVersion.of('13.4')).toThrow("PostgreSQL version '13.4' is not supported: use one of 14, 15");
});

test('a certificate file is named by its full path', () => {
  expect(CertificateAuthority.fromFileInImage('/etc/ssl/acme.pem').path).toBe('/etc/ssl/acme.pem');
  expect(() => CertificateAuthority.fromFileInImage('acme.pem')).toThrow("path 'acme.pem' is not absolute");
});

test('no password and no part of a secret comes near the template', () => {
  const stack = testStack();
  const secret = new secretsmanager.Secret(stack, 'Login');
  testBackup(stack, { source: testSource(stack, { secret }) });
  const text = JSON.stringify(templateOf(stack).findResources('AWS::ECS::TaskDefinition'));
  expect(text).not.toMatch(/resolve:secretsmanager|"Secrets"|PGPASSWORD/);
  expect(text).toContain('"POSTGRES_BACKUP_SECRET","Value":{"Ref":"Login');
});
