import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { readEnvironments, type Environment } from '../../bin/environment';
import { EnvironmentStack } from '../../bin/environment-stack';
import { environmentsApp } from '../examples/support';

process.env.CDK_VALIDATION = 'false';

const assembly = environmentsApp('recommended flags').synth();
const template = (name: string) => Template.fromJSON(assembly.getStackByName(name).template as Record<string, never>);
const NAMES = ['postgres-backup-development', 'postgres-backup-staging', 'postgres-backup-production'];

test('there is one stack for each environment, named after it', () => {
  expect(assembly.stacks.map(({ stackName }) => stackName).sort()).toEqual([...NAMES].sort());
});

test.each([
  ['postgres-backup-development', ['cron(10 2 * * ? *)', 'cron(10 3 ? * SUN *)'], Match.absent()],
  ['postgres-backup-staging', ['cron(10 2 * * ? *)', 'cron(10 3 ? * SUN *)'], lockOf(3)],
  [
    'postgres-backup-production',
    ['cron(0 * * * ? *)', 'cron(10 2 * * ? *)', 'cron(10 3 ? * SUN *)', 'cron(10 4 1 * ? *)'],
    lockOf(14),
  ],
])('%s backs up by its own plan into a vault with its own lock', (name, expressions, lock) => {
  const schedules = template(name).findResources('AWS::Scheduler::Schedule') as Record<
    string,
    { Properties: { ScheduleExpression: string } }
  >;
  const ofBackups = Object.keys(schedules).filter((id) => id.includes('DumpSchedules'));
  expect(ofBackups.map((id) => schedules[id].Properties.ScheduleExpression)).toEqual(expressions);
  template(name).hasResourceProperties('AWS::S3::Bucket', {
    LoggingConfiguration: Match.anyValue(),
    ObjectLockConfiguration: lock,
  });
});

test.each(NAMES)('%s works as it is: it brings its network and something to back up', (name) => {
  template(name).hasResourceProperties('AWS::RDS::DBInstance', { DBInstanceClass: 'db.t4g.micro', Engine: 'postgres' });
  template(name).resourceCountIs('AWS::EC2::NatGateway', 1);
  template(name).hasResourceProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' });
});

test.each(NAMES)('destroying %s leaves the vault, its keys, its records and a last snapshot', (name) => {
  const resources = Object.values(template(name).toJSON().Resources as Record<string, Retained>);
  const left = resources
    .filter(({ Type, DeletionPolicy }) => DeletionPolicy === 'Retain' || Type === 'AWS::RDS::DBInstance')
    .map(({ Type, DeletionPolicy }) => `${Type} ${DeletionPolicy}`);
  expect(left.sort()).toEqual([
    'AWS::KMS::Key Retain',
    'AWS::KMS::Key Retain',
    'AWS::Logs::LogGroup Retain',
    'AWS::Logs::LogGroup Retain',
    'AWS::Logs::LogGroup Retain',
    'AWS::Logs::LogGroup Retain',
    'AWS::Logs::LogGroup Retain',
    // Of what watches the window of RDS.
    'AWS::Logs::LogGroup Retain',
    // Drills keep a log of their own.
    ...(name.endsWith('development') ? [] : ['AWS::Logs::LogGroup Retain']),
    'AWS::RDS::DBInstance Snapshot',
    'AWS::S3::Bucket Retain',
    'AWS::S3::Bucket Retain',
  ]);
});

test('a second synthesis is the same, so a second deployment changes nothing', () => {
  const again = environmentsApp('recommended flags').synth();
  for (const name of NAMES) expect(again.getStackByName(name).template).toEqual(assembly.getStackByName(name).template);
});

test('the addresses in cdk.json are told of alarms', () => {
  const stack = new EnvironmentStack(new App(), 'staging', { name: 'staging', notify: ['ops@example.com'] });
  Template.fromStack(stack).hasResourceProperties('AWS::SNS::Subscription', { Endpoint: 'ops@example.com' });
});

describe('an existing database', () => {
  const stackOf = (environment: Partial<Environment>) =>
    Template.fromStack(new EnvironmentStack(new App(), 'staging', { name: 'staging', ...environment }));

  test('by DATABASE_URL is backed up instead of a new one', () => {
    const backup = stackOf({
      existingDatabase: { databaseUrlSecret: 'orders/database-url', urlField: 'URL', postgresVersion: '16' },
    });
    backup.resourceCountIs('AWS::RDS::DBInstance', 0);
    backup.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        {
          Environment: Match.arrayWith([
            { Name: 'POSTGRES_BACKUP_SECRET_URL_FIELD', Value: 'URL' },
            Match.objectLike({ Name: 'POSTGRES_BACKUP_SECRET' }),
          ]),
        },
      ],
    });
  });
});

describe('the context in cdk.json', () => {
  const read = (environments: unknown) => readEnvironments(new App({ context: { environments } }).node);

  test('says account, region and database of an environment', () => {
    const existingDatabase = { databaseUrlSecret: 'orders', postgresVersion: '17' };
    expect(read({ production: { account: '111122223333', region: 'eu-central-1', existingDatabase } })).toEqual([
      { name: 'production', account: '111122223333', region: 'eu-central-1', existingDatabase },
    ]);
  });

  test.each([
    [{ prod: {} }, 'environments.prod in cdk.json is not known: use development, staging, production'],
    [
      { staging: { acount: '1' } },
      'environments.staging.acount in cdk.json is not known: use existingDatabase, account',
    ],
    [
      { staging: { account: 111122223333 } },
      'environments.staging.account in cdk.json is 111122223333, but must be a text',
    ],
    [
      { staging: { existingDatabase: 'x' } },
      'environments.staging.existingDatabase in cdk.json is "x", but must be an object',
    ],
    [{ staging: { existingDatabase: {} } }, 'databaseUrlSecret in cdk.json is not there'],
    [undefined, 'environments in cdk.json is not there, but must be an object'],
  ])('is refused when it is wrong: %j', (environments, message) => {
    expect(() => read(environments)).toThrow(message);
  });
});

interface Retained {
  readonly Type: string;
  readonly DeletionPolicy?: string;
}

function lockOf(days: number) {
  return { Rule: { DefaultRetention: { Days: days, Mode: 'GOVERNANCE' } } };
}
