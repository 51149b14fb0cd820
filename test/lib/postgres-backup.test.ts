import { App, Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import {
  BackupComponent,
  BackupImage,
  BackupPlan,
  BackupRule,
  BackupVault,
  DumpContent,
  Notify,
  PostgresVersion,
  RetentionClass,
  type PostgresBackup,
  type PostgresBackupProps,
} from '../../lib';
import { COMPONENTS, DUMP_CONTENTS, ENVIRONMENT, METRICS, RETENTION_CLASSES } from '../../model';
import { permissions } from './support/policies';
import { templateOf, testBackup, testSource, testStack, testVpc } from './support/stacks';

function backupTemplate(props: Partial<PostgresBackupProps> = {}): Template {
  const stack = testStack();
  testBackup(stack, props);
  return templateOf(stack);
}

interface Container {
  Environment: { Name: string; Value: unknown }[];
  Image: unknown;
}

function environment(template: Template): Record<string, unknown> {
  const [task] = Object.values(template.findResources('AWS::ECS::TaskDefinition')) as {
    Properties: { ContainerDefinitions: Container[] };
  }[];
  return Object.fromEntries(
    task.Properties.ContainerDefinitions[0].Environment.map(({ Name, Value }) => [Name, Value]),
  );
}

describe('the task', () => {
  const template = backupTemplate();

  test('runs on Fargate for ARM, read-only, as an ordinary user without capabilities, with an init process', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '1024',
      Memory: '2048',
      NetworkMode: 'awsvpc',
      RequiresCompatibilities: ['FARGATE'],
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
      ContainerDefinitions: [
        {
          Name: 'backup',
          Command: ['backup', 'dump'],
          Essential: true,
          LinuxParameters: { Capabilities: { Drop: ['ALL'] }, InitProcessEnabled: true },
          ReadonlyRootFilesystem: true,
          StopTimeout: 120,
          User: '999:999',
          Secrets: Match.absent(),
          LogConfiguration: { LogDriver: 'awslogs', Options: Match.objectLike({ mode: 'non-blocking' }) },
          Image: Match.anyValue(),
          Environment: Match.anyValue(),
        },
      ],
    });
  });

  test('keeps an encrypted log for a year, and after the stack', () => {
    template.hasResource('AWS::Logs::LogGroup', {
      DeletionPolicy: 'Retain',
      Properties: { RetentionInDays: 365, KmsKeyId: { 'Fn::GetAtt': [Match.stringLikeRegexp('VaultKey'), 'Arn'] } },
    });
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: { 'Fn::Join': ['', ['logs.', { Ref: 'AWS::Region' }, '.amazonaws.com']] } },
          }),
        ]),
      },
    });
  });

  test('may store backups, look how runs before it ended, and log in, and nothing else', () => {
    const role = permissions(template).filter(({ holder }) => holder.includes('TaskTaskRole'));
    expect(role.map(({ action }) => action).sort()).toEqual([
      'kms:Decrypt',
      'kms:GenerateDataKey',
      's3:AbortMultipartUpload',
      ...Array<string>(3).fill('s3:GetObject'),
      's3:PutObject',
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
      'sts:AssumeRole',
    ]);
  });

  test('is told every setting in the words that the program reads', () => {
    const told = environment(
      backupTemplate({
        content: DumpContent.SCHEMA,
        globals: false,
        jobs: 4,
        compressionLevel: 3,
        minimumTables: 10,
        lockTimeout: Duration.minutes(2),
        tables: { critical: ['public.tenants'], ephemeral: ['public.*_lock', 'public."odd name"'] },
      }),
    );
    expect(told).toMatchObject({
      [ENVIRONMENT.source]: 'orders',
      [ENVIRONMENT.content]: 'schema',
      [ENVIRONMENT.globals]: 'false',
      [ENVIRONMENT.jobs]: '4',
      [ENVIRONMENT.compressionLevel]: '3',
      [ENVIRONMENT.minimumTables]: '10',
      [ENVIRONMENT.lockTimeout]: '120',
      [ENVIRONMENT.criticalTables]: '["public.tenants"]',
      [ENVIRONMENT.ephemeralTables]: '["public.*_lock","public.\\"odd name\\""]',
    });
    const readable = [...Object.values(ENVIRONMENT), 'PGHOST', 'PGPORT', 'PGSSLMODE', 'PGSSLROOTCERT'] as string[];
    expect(Object.keys(told).filter((name) => !readable.includes(name))).toEqual([]);
  });

  test.each<[Partial<PostgresBackupProps>, RegExp]>([
    [{ jobs: 0 }, /jobs is 0, but must be a whole number from 1 to 32/],
    [{ compressionLevel: 22 }, /compressionLevel is 22, but must be a whole number from 1 to 19/],
    [{ minimumTables: -1 }, /minimumTables is -1/],
    [{ tables: { critical: [' '] } }, /tables.critical is \[" "\]: an empty pattern names no table/],
    [{ cpu: 1000 }, /cpu is 1000, but must be one of 256, 512, 1024/],
    [{ cpu: 256, memory: Size.gibibytes(4) }, /memory is 4096 MiB, but with cpu 256 Fargate has 512, 1024, 2048 MiB/],
    [{ ephemeralStorage: Size.gibibytes(20) }, /ephemeralStorage is 20 GiB, but Fargate has 21 to 200 GiB/],
  ])('refuses what cannot be: %j', (props, message) => {
    expect(() => testBackup(testStack(), props)).toThrow(message);
  });

  test('is as large, as long-lived in its log, and on the processor that is asked for', () => {
    const large = backupTemplate({
      cpu: 4096,
      ephemeralStorage: Size.gibibytes(50),
      cpuArchitecture: ecs.CpuArchitecture.X86_64,
      logRetention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    large.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '4096',
      Memory: '8192',
      EphemeralStorage: { SizeInGiB: 50 },
      RuntimePlatform: { CpuArchitecture: 'X86_64' },
    });
    large.hasResource('AWS::Logs::LogGroup', { DeletionPolicy: 'Delete', Properties: { RetentionInDays: 30 } });
    large.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
  });
});

describe('the image', () => {
  const image = (chosen: (stack: Stack) => BackupImage) => {
    const stack = testStack();
    testBackup(stack, { image: chosen(stack) });
    const tasks = Object.values(templateOf(stack).findResources('AWS::ECS::TaskDefinition')) as {
      Properties: { ContainerDefinitions: Container[] };
    }[];
    return tasks[0].Properties.ContainerDefinitions[0].Image;
  };
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

  test('comes from a registry, or from ECR by digest', () => {
    expect(image(() => BackupImage.fromRegistry('example.com/backup:17'))).toBe('example.com/backup:17');
    const repository = (stack: Stack) => ecr.Repository.fromRepositoryName(stack, 'Repository', 'backup');
    expect(JSON.stringify(image((stack) => BackupImage.fromEcr(repository(stack), digest)))).toContain(`@${digest}`);
  });

  test('is not taken by a tag that may move, or by nothing', () => {
    const repository = ecr.Repository.fromRepositoryName(testStack(), 'Repository', 'backup');
    expect(() => BackupImage.fromEcr(repository, 'latest')).toThrow(/image digest 'latest' is not a digest/);
    expect(() => BackupImage.fromRegistry(' ')).toThrow(/image uri is ''/);
  });

  test.each([
    [ecs.CpuArchitecture.ARM64, 'linux/arm64'],
    [ecs.CpuArchitecture.X86_64, 'linux/amd64'],
  ])(
    'of the package is built for the version of the server and the processor of the task',
    (cpuArchitecture, platform) => {
      const app = new App();
      const stack = new Stack(app, 'Shop');
      const source = testSource(stack, { postgresVersion: PostgresVersion.V15 });
      testBackup(stack, { source, cpuArchitecture, image: BackupImage.fromPackage() });
      const assembly = app.synth();
      const [manifest] = assembly.artifacts.flatMap((artifact) =>
        'contents' in artifact ? [artifact.contents as { dockerImages?: Record<string, { source: object }> }] : [],
      );
      const [built] = Object.values(manifest.dockerImages ?? {});
      expect(built.source).toMatchObject({ dockerBuildArgs: { POSTGRES_MAJOR: '15' }, platform });
    },
  );
});

describe('a backup', () => {
  test('uses the vault, cluster and key that are given', () => {
    const stack = testStack();
    const vpc = testVpc(stack);
    const shared = {
      vpc,
      vault: new BackupVault(stack, 'Vault'),
      cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
      image: BackupImage.fromRegistry('example.com/backup:17'),
    };
    const names = ['orders', 'billing'];
    for (const name of names) {
      const scope = new Construct(stack, name);
      testBackup(scope, { ...shared, source: testSource(scope, { name }) });
    }
    const template = templateOf(stack);
    template.resourceCountIs('AWS::ECS::TaskDefinition', 2);
    template.resourceCountIs('AWS::ECS::Cluster', 1);
    // The vault's, and those of the alarms' topics.
    template.resourceCountIs('AWS::KMS::Key', 3);
    template.resourceCountIs('AWS::S3::Bucket', 2);
  });

  test('makes a key for its log where the key of the vault cannot be opened to it', () => {
    const stack = testStack();
    const vault = BackupVault.fromVaultAttributes(stack, 'Vault', {
      bucketName: 'acme-backups',
      encryptionKey: kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-central-1:111122223333:key/1'),
    });
    testBackup(stack, { vault });
    const template = templateOf(stack);
    template.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Retain' });
    template.hasResourceProperties('AWS::Logs::LogGroup', {
      KmsKeyId: { 'Fn::GetAtt': [Match.stringLikeRegexp('BackupLogKey'), 'Arn'] },
    });
  });

  test('in another stack than its vault leaves the vault free to be deployed first', () => {
    const app = new App();
    const vaultStack = new Stack(app, 'Vaults');
    const backupStack = new Stack(app, 'Backups');
    testBackup(backupStack, { vault: new BackupVault(vaultStack, 'Vault') });
    templateOf(backupStack);
    expect(backupStack.dependencies).toContain(vaultStack);
    expect(vaultStack.dependencies).toEqual([]);
  });

  test('does not share its place in a vault with another', () => {
    const stack = testStack();
    const vault = new BackupVault(stack, 'Vault');
    const image = BackupImage.fromRegistry('example.com/backup:17');
    const first = new Construct(stack, 'First');
    testBackup(first, { vault, image });
    const second = new Construct(stack, 'Second');
    expect(() => testBackup(second, { vault, image })).toThrow(
      /source name 'orders' is taken: Shop\/First\/Backup\/Dump already stores its dump under it in the same vault/,
    );
    testBackup(new Construct(stack, 'Third'), { image });
  });

  test('lets a role restore, which is no right of the task', () => {
    const stack = testStack();
    const onCall = new iam.Role(stack, 'OnCall', { assumedBy: new iam.AccountRootPrincipal() });
    testBackup(stack).grantRestore(onCall);
    const rows = permissions(templateOf(stack));
    const data = rows.filter(
      ({ action, resource }) =>
        action === 's3:GetObject' && /orders\/[^"]*\*"/.test(resource) && !resource.includes('/orders/reports/*'),
    );
    // Who verifies reads everything too: a function, which no database speaks to.
    expect(data.map(({ holder }) => holder.replace(/[0-9A-F]{8}$/, ''))).toEqual([
      'OnCallDefaultPolicy',
      'BackupVerificationFunctionRoleDefaultPolicy',
    ]);
  });

  test('tells what it costs a month when its size is stated, labelled as an estimate', () => {
    const stack = testStack({ env: { region: 'eu-central-1', account: '111122223333' } });
    testBackup(stack, { estimatedSize: Size.gibibytes(2), plan: new BackupPlan([BackupRule.daily()]) });
    // 30 points of 2.147 GB at 0.0245 $; 30.4 runs of 167 s at 0.0373 + 2 × 0.0041 $ an hour; 15 alarms, of which one reads two metrics.
    Annotations.fromStack(stack).hasInfo(
      '/Shop/Backup',
      Match.stringLikeRegexp(
        'orders cost about \\$9.84 a month \\(estimate, prices of eu-central-1\\): 30 recovery points of 2.1 GB are 64 GB, \\$1.58 to keep; tasks \\$0.06; ' +
          'alarms, metrics and dashboard \\$8.20',
      ),
    );
  });

  test('tells no cost when its size is not stated', () => {
    const stack = testStack();
    testBackup(stack, { notify: [Notify.email('ops@example.com')] });
    Annotations.fromStack(stack).hasNoInfo('*', Match.anyValue());
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('warns when recovery points move to a tier shortly before they end', () => {
    const stack = testStack();
    testBackup(stack, { plan: new BackupPlan([BackupRule.daily({ keepFor: Duration.days(45) })]) });
    Annotations.fromStack(stack).hasWarning(
      '/Shop/Backup',
      Match.stringLikeRegexp(
        "rule 'daily' move to Standard-IA after 35 days and end 10 days later, but 30 days are paid for",
      ),
    );
  });
});

test('every metric of a backup is one that the program emits', () => {
  const backup: PostgresBackup = testBackup(testStack());
  const metrics = [
    backup.metricBackupSucceeded(),
    backup.metricBackupFailed(),
    backup.metricBackupDuration(),
    backup.metricBackupSize(),
    backup.dump.metricBackupItems(),
  ];
  expect(metrics.map(({ metricName }) => metricName)).toEqual(
    (['backupSucceeded', 'backupFailed', 'backupDuration', 'backupSize', 'backupRows'] as const).map(
      (key) => METRICS[key].name,
    ),
  );
  for (const metric of metrics) {
    expect(metric).toMatchObject({
      namespace: 'PostgresBackup',
      dimensions: { Source: 'orders', Component: 'dump' },
    });
  }
  expect(backup.metricBackupFailed({ period: Duration.hours(1) }).period.toHours()).toBe(1);
  expect(backup.metricStartsFailed().metricName).toBe('ApproximateNumberOfMessagesVisible');
});

test.each([
  ['components', BackupComponent, COMPONENTS],
  ['retention classes', RetentionClass, RETENTION_CLASSES],
  ['contents of a dump', DumpContent, DUMP_CONTENTS],
])('the %s of the constructs are those of the program', (_name, ours, theirs) => {
  expect(Object.values(ours)).toEqual([...theirs]);
});
