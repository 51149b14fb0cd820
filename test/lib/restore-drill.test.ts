/** What is deployed for drills: what the task may do, what starts it, what alarms. */
import { Duration, Size } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import {
  BackupComponent,
  BaseBackup,
  Check,
  DrillSchedule,
  ObjectMirror,
  ObjectSource,
  WalArchive,
  type DrillOptions,
  type PostgresBackupProps,
} from '../../lib';
import { checksProblem } from '../../model';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack } from './support/stacks';

function deployed(options: DrillOptions = {}, props: Partial<PostgresBackupProps> = {}) {
  const stack = testStack();
  const drill = testBackup(stack, props).addDrill(options);
  const template = templateOf(stack);
  const definitions = Object.values(template.findResources('AWS::ECS::TaskDefinition'));
  const container = definitions
    .map((one) => (one as { Properties: { ContainerDefinitions: Container[]; Volumes?: unknown } }).Properties)
    .find((one) => one.ContainerDefinitions[0].Command[0] === 'drill');
  if (!container) throw new Error('there is no task that makes drills');
  return { stack, drill, template, task: container, environment: environmentOf(container.ContainerDefinitions[0]) };
}

interface Container {
  Command: string[];
  Environment: { Name: string; Value: unknown }[];
  MountPoints: unknown[];
  ReadonlyRootFilesystem: boolean;
}

function environmentOf(container: Container): Record<string, unknown> {
  return Object.fromEntries(container.Environment.map(({ Name, Value }) => [Name, Value]));
}

describe('the task', () => {
  test('knows the vault and what is expected, and nothing of the server that is backed up', () => {
    const { task, environment } = deployed(
      { checks: [Check.sql('tenants', 'select count(*) from tenants').atLeast(1)] },
      { recoveryTimeObjective: Duration.hours(4) },
    );
    expect(task.ContainerDefinitions[0].Command).toEqual(['drill', 'latest']);
    expect(Object.keys(environment).sort()).toEqual([
      'POSTGRES_BACKUP_CHECKS',
      'POSTGRES_BACKUP_DEADLINE',
      'POSTGRES_BACKUP_JOBS',
      'POSTGRES_BACKUP_RECOVERY_TIME_OBJECTIVE',
      'POSTGRES_BACKUP_SOURCE',
      'POSTGRES_BACKUP_VAULT',
    ]);
    expect(environment).toMatchObject({
      POSTGRES_BACKUP_RECOVERY_TIME_OBJECTIVE: '14400',
      POSTGRES_BACKUP_DEADLINE: '43200',
      POSTGRES_BACKUP_JOBS: '2',
    });
  });

  test('may write to its own ephemeral storage below /tmp, and to nothing else of its machine', () => {
    const { task } = deployed({ ephemeralStorage: Size.gibibytes(100) });
    expect(task).toMatchObject({ Volumes: [{ Name: 'scratch' }], EphemeralStorage: { SizeInGiB: 100 } });
    expect(task.ContainerDefinitions[0].MountPoints).toEqual([
      { ContainerPath: '/tmp', SourceVolume: 'scratch', ReadOnly: false },
    ]);
    expect(task.ContainerDefinitions[0].ReadonlyRootFilesystem).toBe(true);
  });

  test('nothing gets in, only HTTPS gets out', () => {
    const { template, stack, drill } = deployed();
    const group = stack.resolve(drill.task.securityGroup.securityGroupId) as { 'Fn::GetAtt': [string] };
    const { Properties } = template.findResources('AWS::EC2::SecurityGroup')[group['Fn::GetAtt'][0]] as {
      Properties: { SecurityGroupEgress: unknown[]; SecurityGroupIngress?: unknown };
    };
    expect(Properties.SecurityGroupIngress).toBeUndefined();
    expect(Properties.SecurityGroupEgress).toEqual([expect.objectContaining({ FromPort: 443, ToPort: 443 })]);
    for (const type of ['AWS::EC2::SecurityGroupEgress', 'AWS::EC2::SecurityGroupIngress']) {
      expect(JSON.stringify(template.findResources(type))).not.toContain(group['Fn::GetAtt'][0]);
    }
  });

  test('reads the source’s backups and writes records of drills; no secret, no delete, nothing else', () => {
    const { template, stack, drill } = deployed();
    const role = Object.keys(template.findResources('AWS::IAM::Policy')).filter((id) =>
      id.startsWith(stack.getLogicalId(drill.task.taskDefinition.taskRole.node.defaultChild as never).slice(0, -8)),
    );
    const granted = permissions(template).filter(({ holder }) => role.includes(holder));
    expect([...new Set(granted.map(({ action }) => action))].sort()).toEqual([
      'kms:Decrypt',
      'kms:GenerateDataKey',
      's3:GetObject',
      's3:GetObjectVersion',
      's3:ListBucket',
      's3:PutObject',
    ]);
    const [written] = granted.filter(({ action }) => action === 's3:PutObject');
    expect(written.resource).toContain('/orders/drills/*/drill.json');
  });
});

describe('what starts it', () => {
  test('Monday morning, unless told otherwise', () => {
    deployed().template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Description: 'Restores a backup of orders for practice',
      ScheduleExpression: 'cron(40 5 ? * MON *)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: Match.objectLike({ DeadLetterConfig: Match.anyValue(), EcsParameters: Match.anyValue() }),
    });
  });

  test('each new manifest, where that is asked for, and no schedule', () => {
    const { template } = deployed({ schedule: DrillSchedule.afterEveryBackup() });
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: Match.objectLike({
        'detail-type': ['Object Created'],
        detail: Match.objectLike({ object: { key: [{ wildcard: 'orders/dump/*/manifest.json' }] } }),
      }),
      Targets: [Match.objectLike({ EcsParameters: Match.objectLike({ LaunchType: 'FARGATE' }) })],
    });
    expect(JSON.stringify(template.findResources('AWS::Scheduler::Schedule'))).not.toContain('for practice');
  });

  test('a schedule that fires once is none', () => {
    expect(() => DrillSchedule.expression(scheduler.ScheduleExpression.at(new Date('2027-01-01')))).toThrow(
      /cannot be determined from at\(/,
    );
  });
});

describe('alarms', () => {
  test('ring when drills fail, cannot tell, are too long ago or too slow, and when nothing is known of them', () => {
    const { drill, stack } = deployed({}, { recoveryTimeObjective: Duration.hours(4) });
    expect(drill.alarms.all).toHaveLength(4);
    const found = Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm', {
      Properties: { MetricName: Match.stringLikeRegexp('Drill|ProjectedRestore') },
    });
    const properties = Object.values(found).map((one) => (one as { Properties: Record<string, unknown> }).Properties);
    expect(properties.map(({ MetricName, Threshold }) => [MetricName, Threshold]).sort()).toEqual([
      ['LastDrillFailed', 0],
      ['LastDrillUnverified', 0],
      ['NewestDrilledAge', 8 * 86_400],
      ['ProjectedRestoreDuration', 4 * 3600],
    ]);
    for (const one of properties) {
      expect(one).toMatchObject({
        TreatMissingData: 'breaching',
        ComparisonOperator: 'GreaterThanThreshold',
        Dimensions: [
          { Name: 'Component', Value: 'dump' },
          { Name: 'Source', Value: 'orders' },
        ],
      });
      expect(one.AlarmActions).toHaveLength(1);
      expect(JSON.stringify(one.AlarmDescription)).toMatch(
        /\\nLook: .*\\nRunbook: .*\/(drill-failed|drill-too-old|restore-too-slow)\.md"/,
      );
    }
  });

  test('an age that would go off by itself is refused', () => {
    expect(() => deployed({ newestDrilledAge: Duration.days(7) })).toThrow(
      'newestDrilledAge is 168 h, but up to 168 h pass between two drills: it would go off without a fault',
    );
  });
});

describe('checks', () => {
  test('are told to the drill as it reads them', () => {
    const checks = [
      Check.sql('a', 'select 1').atLeast(1),
      Check.sql('b', 'select 1').atMost(2),
      Check.sql('c', 'select 1').equalTo(1),
      Check.sql('d', "select 'x'").equalToText('x'),
      Check.sql('e', 'select now()').newerThan(Duration.hours(30)),
      Check.sql('f', 'select 1', { database: 'billing' }).returnsRows(),
      Check.sql('g', 'select 1 where false').returnsNoRows(),
    ];
    const told = JSON.parse(String(deployed({ checks }).environment.POSTGRES_BACKUP_CHECKS)) as Record<
      string,
      unknown
    >[];
    expect(checksProblem(told)).toBeUndefined();
    expect(told.map(({ expect: expected }) => expected)).toEqual([
      { kind: 'at least', number: 1 },
      { kind: 'at most', number: 2 },
      { kind: 'equals', number: 1 },
      { kind: 'equals text', text: 'x' },
      { kind: 'newer than', seconds: 108_000 },
      { kind: 'returns rows' },
      { kind: 'returns no rows' },
    ]);
    expect(told.map(({ database }) => database)).toEqual([null, null, null, null, null, 'billing', null]);
  });

  test.each([
    [() => Check.sql(' ', 'select 1'), /say what holds/],
    [() => Check.sql('a', ' '), /the check 'a' has no SQL/],
    [() => Check.sql('a', 'select 1').atLeast(NaN), /compares with NaN/],
    [() => Check.sql('a', 'select 1').newerThan(Duration.seconds(0)), /newer than/],
    [
      () => deployed({ checks: [Check.sql('a', 'select 1').returnsRows(), Check.sql('a', 'select 2').returnsRows()] }),
      /two checks of the drill are called 'a'/,
    ],
    [() => deployed({ jobs: 0 }), /jobs of the drill is 0/],
  ])('what cannot be meant is refused at synthesis', (make, sentence) => {
    expect(make).toThrow(sentence);
  });
});

function testFileSystem(scope: Construct): efs.IFileSystem {
  return efs.FileSystem.fromFileSystemAttributes(scope, 'Media', {
    fileSystemId: 'fs-media',
    securityGroup: ec2.SecurityGroup.fromSecurityGroupId(scope, 'MediaGroup', 'sg-0123456789abcdef0'),
  });
}

describe('drills of other components', () => {
  function all() {
    const stack = testStack();
    const backup = testBackup(stack, { recoveryTimeObjective: Duration.hours(4) });
    const { source } = backup;
    const wal = new WalArchive(stack, 'Wal', { sourceName: 'orders', vault: backup.vault, topic: backup.alarmTopic });
    const base = new BaseBackup(stack, 'Base', { ...backup.componentDefaults, source, wal });
    backup.addComponent(base);
    const uploads = s3.Bucket.fromBucketName(stack, 'Uploads', 'acme-uploads');
    const objects = backup.addObjects('uploads', { from: ObjectSource.bucket(uploads) });
    const configuration = backup.addConfiguration({ parameterPaths: ['/orders'] });
    const files = backup.addFiles('media', { fileSystem: testFileSystem(stack) });
    const drills = {
      base: backup.addComponentDrill(base, { checks: [Check.sql('a', 'select 1').atLeast(1)] }),
      objects: backup.addComponentDrill(objects, { sampleSize: 500 }),
      files: backup.addComponentDrill(files, { fullMonthly: false, schedule: DrillSchedule.afterEveryBackup() }),
      configuration: backup.addComponentDrill(configuration),
    };
    return { stack, backup, drills, template: templateOf(stack) };
  }
  let made: ReturnType<typeof all>;
  beforeAll(() => {
    made = all();
  });

  test('each is told what to restore, and how much', () => {
    const commands = Object.values(made.template.findResources('AWS::ECS::TaskDefinition'))
      .map((one) => (one as { Properties: { ContainerDefinitions: Container[] } }).Properties.ContainerDefinitions[0])
      .filter(({ Command }) => Command[0] === 'drill');
    expect(commands.map(({ Command }) => Command.slice(2).join(' ')).sort()).toEqual([
      '--component base-backup',
      '--component configuration',
      '--component files --extent sample',
      '--component objects --extent monthly --sample 500',
    ]);
    const [base] = commands.filter(({ Command }) => Command[3] === 'base-backup');
    expect(Object.keys(environmentOf(base)).sort()).toEqual([
      'POSTGRES_BACKUP_CHECKS',
      'POSTGRES_BACKUP_DEADLINE',
      'POSTGRES_BACKUP_RECOVERY_TIME_OBJECTIVE',
      'POSTGRES_BACKUP_SOURCE',
      'POSTGRES_BACKUP_VAULT',
    ]);
  });

  test.each([
    ['base', ['base-backup', 'wal']],
    ['objects', ['mirrors', 'objects']],
    ['files', ['files']],
    ['configuration', ['configuration']],
  ] as const)('%s: reads what a restore of it needs, writes its records, and nothing else', (name, places) => {
    const { drills, stack, template } = made;
    const { taskRole } = drills[name].task.taskDefinition;
    const id = stack.getLogicalId(taskRole.node.defaultChild as never).slice(0, -8);
    const granted = permissions(template).filter(({ holder }) => holder.startsWith(id));
    const below = (action: string) => [
      ...new Set(granted.filter((one) => one.action === action).map(({ resource }) => resource)),
    ];
    const kind = drills[name].component;
    const folders = below('s3:GetObject').flatMap((resource) => [...resource.matchAll(/\/orders\/([a-z/-]+)\/\*/g)]);
    expect(folders.map(([, folder]) => folder).sort()).toEqual([...places, `drills/${kind}`].sort());
    expect(below('s3:PutObject').join()).toContain(`/orders/drills/${kind}/*/drill.json`);
    expect(below('s3:PutObject')).toHaveLength(1);
    const actions = new Set(granted.map(({ action }) => action));
    expect(
      [...actions].filter(
        (action) =>
          !/^(sts:AssumeRole|kms:(Decrypt|GenerateDataKey)|s3:(Get|Put)Object(Version|Tagging)?|s3:ListBucket)$/.test(
            action,
          ),
      ),
    ).toEqual([]);
  });

  test('a configuration is opened by the envelope’s key, for this source alone', () => {
    const opened = JSON.stringify(made.template.findResources('AWS::IAM::Policy'));
    expect(opened).toContain('kms:EncryptionContext:postgres-backup:source');
  });

  test('their alarms are of their component; only what measures a restore alarms on its time', () => {
    const alarms = Object.values(made.template.findResources('AWS::CloudWatch::Alarm')).map(
      (one) => (one as { Properties: { MetricName?: string; Dimensions?: { Value: string }[] } }).Properties,
    );
    const of = (metric: string) =>
      alarms
        .filter(({ MetricName }) => MetricName === metric)
        .map(({ Dimensions }) => Dimensions?.[0].Value)
        .sort();
    const components = ['base-backup', 'configuration', 'files', 'objects'];
    expect(of('LastDrillFailed')).toEqual(components);
    expect(of('NewestDrilledAge')).toEqual(components);
    expect(of('ProjectedRestoreDuration')).toEqual(['base-backup']);
  });

  test('a new recovery point of the component starts it, where that is asked for', () => {
    made.template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: Match.objectLike({
        detail: Match.objectLike({ object: { key: [{ wildcard: 'orders/files/*/manifest.json' }] } }),
      }),
      Targets: [Match.objectLike({ EcsParameters: Match.objectLike({ LaunchType: 'FARGATE' }) })],
    });
  });

  test('the dashboard shows what was proven', () => {
    const [dashboard] = Object.values(made.template.findResources('AWS::CloudWatch::Dashboard'));
    for (const component of ['base-backup', 'objects', 'files', 'configuration']) {
      expect(JSON.stringify(dashboard)).toContain(`Proven by drills: ${component}`);
    }
  });

  test('what cannot be meant is refused at synthesis', () => {
    const stack = testStack();
    const backup = testBackup(stack);
    const uploads = s3.Bucket.fromBucketName(stack, 'Uploads', 'acme-uploads');
    const elsewhere = new ObjectMirror(stack, 'Elsewhere', { ...backup.componentDefaults, sourceName: 'other' });
    expect(() => backup.addComponentDrill(backup.dump)).toThrow(/use addDrill for the dump/);
    expect(() => backup.addComponentDrill(elsewhere)).toThrow(/is no component of this backup/);
    const objects = backup.addObjects('uploads', { from: ObjectSource.bucket(uploads) });
    expect(() => backup.addComponentDrill(objects, { sampleSize: 0 })).toThrow(/sampleSize of the drill is 0/);
  });

  test.each([
    [BackupComponent.WAL, /a drill of wal cannot be made/],
    [BackupComponent.N8N, /a drill of n8n cannot be made/],
  ])('%s cannot be drilled', (component, sentence) => {
    const stack = testStack();
    expect(() =>
      testBackup(stack).vault.grantDrill(
        new iam.Role(stack, 'R', { assumedBy: new iam.AccountRootPrincipal() }),
        'orders',
        component,
      ),
    ).toThrow(sentence);
  });
});
