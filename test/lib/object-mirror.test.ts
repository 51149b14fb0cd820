import { Duration, Size, type Stack } from 'aws-cdk-lib';
import { Annotations, Match, type Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3n from 'aws-cdk-lib/aws-s3-notifications';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { mirrorSettingsProblem } from '../../model';
import {
  BackupPlan,
  BackupRule,
  BackupVault,
  ContinuousMirroring,
  ObjectMirror,
  ObjectReplica,
  ObjectSource,
  type MirrorOptions,
  type ObjectMirrorProps,
} from '../../lib';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack } from './support/stacks';

function mirrored(
  from: (stack: ReturnType<typeof testStack>) => ObjectSource,
  options: Partial<MirrorOptions> = {},
  props: Partial<ObjectMirrorProps> = {},
  after: (stack: Stack) => void = () => undefined,
) {
  const stack = testStack();
  const backup = testBackup(stack);
  const mirror = new ObjectMirror(stack, 'Mirror', { ...backup.componentDefaults, ...props });
  mirror.addMirror('uploads', { from: from(stack), ...options });
  backup.addComponent(mirror);
  after(stack);
  return { stack, mirror, template: templateOf(stack) };
}

const secretOf = (stack: ReturnType<typeof testStack>) =>
  secretsmanager.Secret.fromSecretNameV2(stack, 'Store', 'media');
const bucketOf = (stack: ReturnType<typeof testStack>) => s3.Bucket.fromBucketName(stack, 'Uploads', 'acme-uploads');

/** What the task is told of its mirrors. */
function told(template: Template): unknown {
  const [definition] = Object.values(
    template.findResources('AWS::ECS::TaskDefinition', {
      Properties: { ContainerDefinitions: [Match.objectLike({ Command: ['backup', 'objects'] })] },
    }),
  ) as { Properties: { ContainerDefinitions: { Environment: { Name: string; Value: unknown }[] }[] } }[];
  const [{ Environment }] = definition.Properties.ContainerDefinitions;
  const value = Environment.find(({ Name }) => Name === 'POSTGRES_BACKUP_MIRRORS')?.Value;
  return typeof value === 'string' ? JSON.parse(value) : JSON.stringify(value);
}

/** `action resource` of one role, names of buckets left out. */
function allowed(template: Template, role = 'MirrorTaskTaskRole'): string[] {
  return permissions(template)
    .filter(({ holder }) => holder.startsWith(`${role}DefaultPolicy`))
    .map(
      ({ action, resource }) =>
        `${action} ${resource.replace(/^.*?((?:"|acme-uploads)\/[^"]*|acme-uploads)".*$/, '$1')}`,
    );
}

test('the task is told what to mirror in words that the program reads', () => {
  const options = { exclude: ['tmp/'], tags: false, throughTask: true };
  const { template } = mirrored((stack) => ObjectSource.bucket(bucketOf(stack), { folder: 'a/b' }), options);
  const settings = told(template);
  expect(mirrorSettingsProblem(settings)).toBeUndefined();
  expect(settings).toEqual([
    { name: 'uploads', from: 's3://acme-uploads/a/b', exclude: ['tmp/'], tags: false, throughHere: true },
  ]);
});

test('the task may read the source, write its own mirror and read its own inventories, and nothing else', () => {
  const { template } = mirrored((stack) => ObjectSource.bucket(bucketOf(stack), { folder: 'a' }));
  expect(allowed(template).sort()).toEqual(
    [
      's3:GetObject acme-uploads/a/*',
      's3:GetObjectTagging acme-uploads/a/*',
      's3:ListBucket acme-uploads',
      's3:AbortMultipartUpload "/orders/objects/*',
      's3:PutObject "/orders/objects/*',
      's3:GetObject "/orders/objects/*',
      's3:GetObjectVersion "/orders/objects/*',
      's3:GetObject "/orders/objects/*/started*.json',
      's3:GetObject "/orders/objects/*/failure*.json',
      's3:GetObject "/orders/objects/*/manifest.json',
      's3:PutObject "/orders/mirrors/uploads/*',
      's3:AbortMultipartUpload "/orders/mirrors/uploads/*',
      's3:PutObject "/orders/mirrors/uploads.long/*',
      's3:AbortMultipartUpload "/orders/mirrors/uploads.long/*',
      's3:ListBucket {"Fn::GetAtt":["BackupVaultBucketE75C4ACD","Arn"]}',
      'kms:Decrypt {"Fn::GetAtt":["BackupVaultKeyA286A54F","Arn"]}',
      'kms:Decrypt {"Fn::GetAtt":["BackupVaultKeyA286A54F","Arn"]}',
      'kms:GenerateDataKey {"Fn::GetAtt":["BackupVaultKeyA286A54F","Arn"]}',
    ].sort(),
  );
});

test('a source that is encrypted with a key of its own can be decrypted', () => {
  const { template } = mirrored((stack) => {
    const encryptionKey = new kms.Key(stack, 'SourceKey');
    return ObjectSource.bucket(new s3.Bucket(stack, 'Uploads', { encryptionKey }));
  });
  expect(allowed(template).some((line) => line.startsWith('kms:Decrypt') && line.includes('SourceKey'))).toBe(true);
});

test('another store is reached on its port, as somebody whom a secret names', () => {
  const { template } = mirrored((stack) =>
    ObjectSource.endpoint({ url: 'https://minio.internal:9000', bucketName: 'media', secret: secretOf(stack) }),
  );
  expect(told(template)).toMatch(/s3:\/\/media.*https:\/\/minio\.internal:9000.*secret:media/);
  template.hasResourceProperties('AWS::EC2::SecurityGroup', {
    SecurityGroupEgress: Match.arrayWith([Match.objectLike({ FromPort: 9000, ToPort: 9000 })]),
  });
});

test('who verifies may list and read what was mirrored', () => {
  const { template } = mirrored((stack) => ObjectSource.bucket(bucketOf(stack)));
  const lines = allowed(template, 'BackupVerificationFunctionRole');
  expect(lines).toContain('s3:GetObjectVersion "/orders/mirrors/*');
  expect(lines.filter((line) => line.startsWith('s3:ListBucketVersions'))).toHaveLength(1);
  expect(lines.filter((line) => line.startsWith('s3:Put'))).toEqual([
    's3:PutObject "/orders/dump/*/verification.json',
    's3:PutObject "/orders/objects/*/verification.json',
  ]);
});

test.each([
  ['Uploads!', {}, "mirror name 'Uploads!' is not usable"],
  ['uploads', { include: [''] }, 'an empty prefix means everything'],
])('mirror %j with %j is refused', (name, options, sentence) => {
  const stack = testStack();
  const mirror = new ObjectMirror(stack, 'Mirror', testBackup(stack).componentDefaults);
  const add = () => mirror.addMirror(name, { from: ObjectSource.bucket(bucketOf(stack)), ...options });
  expect(add).toThrow(sentence);
});

test('who ends may read every inventory, and mark what was mirrored, but read none of it', () => {
  const { template } = mirrored((stack) => ObjectSource.bucket(bucketOf(stack)));
  const rights = allowed(template, 'BackupRetentionFunctionRole');
  expect(rights).toEqual(
    expect.arrayContaining([
      's3:GetObjectVersion "/orders/objects/*/manifest.json',
      's3:GetObjectVersion "/orders/objects/*/inventory-*.jsonl.zst',
      's3:PutObjectVersionTagging "/orders/mirrors/*',
    ]),
  );
  const ofMirrors = rights.filter((right) => right.includes('/orders/mirrors/')).map((right) => right.split(' ')[0]);
  expect([...new Set(ofMirrors)].sort()).toEqual([
    's3:GetObjectTagging',
    's3:GetObjectVersionTagging',
    's3:PutObjectVersionTagging',
  ]);
});

test('a mirror of nothing, a name twice, a folder that widens a policy and a store in the clear are refused', () => {
  const stack = testStack();
  const mirror = new ObjectMirror(stack, 'Mirror', {
    ...testBackup(stack).componentDefaults,
    bandwidthLimit: Size.mebibytes(10),
  });
  expect(mirror.node.validate()).toEqual([expect.stringContaining('it mirrors nothing')]);
  const bucket = bucketOf(stack);
  mirror.addMirror('uploads', { from: ObjectSource.bucket(bucket) });
  expect(mirror.node.validate()).toEqual([]);
  expect(() => mirror.addMirror('uploads', { from: ObjectSource.bucket(bucket) })).toThrow(
    "has a mirror 'uploads' already",
  );
  expect(() => ObjectSource.bucket(bucket, { folder: 'a*' })).toThrow("folder 'a*'");
  const clear = () => ObjectSource.endpoint({ url: 'http://minio', bucketName: 'a', secret: secretOf(stack) });
  expect(clear).toThrow("url 'http://minio'");
});

describe('a size that a run cannot cope with is warned of', () => {
  const daily = new BackupPlan([BackupRule.daily()]);
  const bucket = (stack: Stack) => ObjectSource.bucket(bucketOf(stack));
  const store = (stack: Stack) =>
    ObjectSource.endpoint({ url: 'https://minio.internal', bucketName: 'media', secret: secretOf(stack) });

  test.each<[string, Parameters<typeof mirrored>[0], Partial<MirrorOptions>, Partial<ObjectMirrorProps>, string]>([
    [
      'to list',
      bucket,
      { estimatedObjects: 100_000_000 },
      { plan: daily },
      '100,000,000 objects: every run.*2.8 hours. Plan it',
    ],
    [
      'to list in a run',
      bucket,
      { estimatedObjects: 500_000_000 },
      { plan: daily },
      '13.9 hours, and a run has 12. No recovery point.*ObjectReplica.*docs/objects.md#engines',
    ],
    [
      'to list within an hour',
      bucket,
      { estimatedObjects: 40_000_000 },
      { plan: BackupPlan.production() },
      '1.2 hours, and a run has 1. No',
    ],
    [
      'to copy',
      bucket,
      { estimatedObjects: 100_000_000 },
      { plan: daily },
      'first time takes about 18.6 hours, and a run has 12.*concurrency .64',
    ],
    [
      'to move',
      store,
      { estimatedSize: Size.tebibytes(10) },
      { plan: daily },
      '10,240 GiB, all of which pass through the task.*20.4 hours',
    ],
    [
      'to move slowly',
      store,
      { estimatedSize: Size.tebibytes(1) },
      { plan: daily, bandwidthLimit: Size.mebibytes(10) },
      '29.2 hours',
    ],
  ])('%s', (_what, from, options, props, sentence) => {
    const { stack } = mirrored(from, options, { plan: daily, ...props });
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp(sentence));
  });

  test('and what fits is not: with more at once, or where the store copies by itself', () => {
    const options = { estimatedObjects: 19_000_000, estimatedSize: Size.tebibytes(50) };
    const { stack } = mirrored(bucket, options, { plan: daily, concurrency: 512 });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp("mirror 'uploads' has"));
  });
});

describe('mirrored between the runs', () => {
  const continuous = ContinuousMirroring.fromEvents();
  const owned = (scope: Construct) => new s3.Bucket(scope, 'Uploads', { versioned: true });

  test('events of the bucket go through a queue to a function, and only what failed comes again', () => {
    const options = { include: ['a/', 'b/'], exclude: ['a/tmp/'] };
    const from = (stack: Stack) => ObjectSource.bucket(bucketOf(stack), { folder: 'in' });
    const { template } = mirrored(from, options, { continuous });
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created', 'Object Deleted'],
        detail: { bucket: { name: ['acme-uploads'] }, object: { key: [{ prefix: 'in/a/' }, { prefix: 'in/b/' }] } },
      },
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 20,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 10 },
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      SqsManagedSseEnabled: true,
      VisibilityTimeout: 1800,
      RedrivePolicy: { maxReceiveCount: 3 },
    });
    // Both know of it: the function what to copy, the task that there is a journal.
    const setting = { name: 'uploads', from: 's3://acme-uploads/in', include: ['a/', 'b/'], exclude: ['a/tmp/'] };
    expect(told(template)).toEqual([{ ...setting, continuous: true }]);
    const [{ Properties }] = Object.values(
      template.findResources('AWS::Lambda::Function', {
        Properties: { Description: Match.stringLikeRegexp('between the runs') },
      }),
    ) as { Properties: { Environment: { Variables: { POSTGRES_BACKUP_MIRRORS: string } } } }[];
    const ofFunction = JSON.parse(Properties.Environment.Variables.POSTGRES_BACKUP_MIRRORS) as unknown;
    expect(ofFunction).toEqual(told(template));
  });

  test('the function may read the source and write its mirror and its journal; the task may read the journal', () => {
    const from = (stack: Stack) => ObjectSource.bucket(bucketOf(stack), { folder: 'a' });
    const { template } = mirrored(from, {}, { continuous });
    const lines = allowed(template, 'MirrorEventsFunctionRole').filter((line) => line.startsWith('s3:'));
    expect(lines.sort()).toEqual(
      [
        's3:AbortMultipartUpload "/orders/mirrors/uploads.long/*',
        's3:AbortMultipartUpload "/orders/mirrors/uploads/*',
        's3:GetObject acme-uploads/a/*',
        's3:GetObjectTagging acme-uploads/a/*',
        's3:GetObjectVersion acme-uploads/a/*',
        's3:GetObjectVersionTagging acme-uploads/a/*',
        's3:ListBucket acme-uploads',
        's3:PutObject "/orders/mirrors/uploads.journal/*',
        's3:PutObject "/orders/mirrors/uploads.long/*',
        's3:PutObject "/orders/mirrors/uploads/*',
      ].sort(),
    );
    expect(allowed(template)).toContain('s3:GetObject "/orders/mirrors/uploads.journal/*');
    expect(allowed(template)).not.toContain('s3:PutObject "/orders/mirrors/uploads.journal/*');
  });

  test("a bucket of the stack is told to tell, without CDK's function for it; whatever else it notifies of later stays", () => {
    const alone = mirrored((stack) => ObjectSource.bucket(owned(stack)), {}, { continuous }).template;
    const tells = { NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } } };
    const isSource = {
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: Match.absent(),
      ...tells,
    };
    alone.hasResourceProperties('AWS::S3::Bucket', isSource);
    alone.resourceCountIs('Custom::S3BucketNotifications', 0);

    const addLater = (stack: Stack) => {
      const bucket = stack.node.findChild('Uploads') as s3.Bucket;
      bucket.addEventNotification(s3.EventType.OBJECT_CREATED, new s3n.SnsDestination(new sns.Topic(stack, 'Told')));
    };
    const from = (stack: Stack) => ObjectSource.bucket(owned(stack));
    const { template } = mirrored(from, {}, { continuous }, addLater);
    template.hasResourceProperties('Custom::S3BucketNotifications', {
      NotificationConfiguration: { EventBridgeConfiguration: {}, TopicConfigurations: Match.anyValue() },
    });
  });

  test('an existing bucket is not changed; a warning says what to switch on', () => {
    const { stack, template } = mirrored((scope) => ObjectSource.bucket(bucketOf(scope)), {}, { continuous });
    Annotations.fromStack(stack).hasWarning(
      '*',
      Match.stringLikeRegexp('bucket acme-uploads: switch its Amazon EventBridge'),
    );
    template.resourceCountIs('Custom::S3BucketNotifications', 0);
  });

  test('another store, and what passes through the task, waits for the run', () => {
    const store = (stack: Stack) =>
      ObjectSource.endpoint({ url: 'https://minio.internal', bucketName: 'media', secret: secretOf(stack) });
    const bucket = (stack: Stack) => ObjectSource.bucket(bucketOf(stack));
    for (const { template } of [
      mirrored(store, {}, { continuous }),
      mirrored(bucket, { throughTask: true }, { continuous }),
    ]) {
      expect(JSON.stringify(told(template))).not.toContain('continuous');
      template.resourcePropertiesCountIs(
        'AWS::Events::Rule',
        { EventPattern: { source: ['aws.s3'], 'detail-type': ['Object Created', 'Object Deleted'] } },
        0,
      );
    }
  });

  test('what was written down between the runs ends by its age, and nothing else does', () => {
    const { template } = mirrored((stack) => ObjectSource.bucket(bucketOf(stack)), {}, { continuous });
    const rules = Object.values(template.findResources('AWS::S3::Bucket')).flatMap(
      ({
        Properties,
      }: {
        Properties?: {
          LifecycleConfiguration?: { Rules: { Prefix?: string; TagFilters?: unknown; ExpirationInDays?: number }[] };
        };
      }) => Properties?.LifecycleConfiguration?.Rules ?? [],
    );
    const byAge = rules.filter(({ ExpirationInDays, TagFilters }) => ExpirationInDays !== undefined && !TagFilters);
    expect(byAge.map(({ Prefix }) => Prefix)).toEqual(expect.arrayContaining(['orders/mirrors/uploads.journal/']));
    expect(byAge.filter(({ Prefix }) => Prefix?.startsWith('orders/'))).toHaveLength(1);
  });

  test('an alarm goes off when events wait too long, and when one is given up', () => {
    const { template } = mirrored((stack) => ObjectSource.bucket(owned(stack)), {}, { continuous });
    const shared = { Namespace: 'AWS/SQS', ComparisonOperator: 'GreaterThanThreshold', AlarmActions: Match.anyValue() };
    const oldest = { ...shared, MetricName: 'ApproximateAgeOfOldestMessage', Threshold: 3600 };
    template.hasResourceProperties('AWS::CloudWatch::Alarm', oldest);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { ...shared, Threshold: 0 });
    const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map((alarm) =>
      JSON.stringify(alarm),
    );
    expect(alarms.filter((alarm) => alarm.includes('/mirror-behind.md'))).toHaveLength(2);
  });

  test.each([
    [{ batchSize: 0 }, 'batchSize is 0'],
    [{ maxConcurrency: 1 }, 'maxConcurrency is 1'],
    [{ maxBatchingWindow: Duration.minutes(6) }, 'maxBatchingWindow is 6 minutes'],
    [{ alarmAfter: Duration.minutes(30) }, 'alarmAfter is 30 minutes'],
  ])('%j is refused', (props, sentence) => {
    expect(() => ContinuousMirroring.fromEvents(props)).toThrow(sentence);
  });
});

describe('a mirror of a replica', () => {
  const replicaOf = (listed: boolean, keepReplacedFor?: Duration) => (stack: Stack) => {
    const source = new s3.Bucket(stack, 'Archive', { versioned: true });
    const topic = sns.Topic.fromTopicArn(stack, 'Topic', 'arn:aws:sns:eu-central-1:111122223333:alarms');
    const vault = new BackupVault(stack, 'ReplicasVault');
    return ObjectSource.replica(
      new ObjectReplica(stack, 'Replica', { source, vault, topic, folder: 'in', listed, keepReplacedFor }),
    );
  };
  const listsArn = (stack: Stack) => (stack.node.findChild('Replica') as ObjectReplica).lists?.bucketArn;
  const ofReplica = (template: Template, role: string) =>
    permissions(template)
      .filter(({ holder }) => holder.startsWith(`${role}DefaultPolicy`))
      .map(({ action, resource }) => `${action} ${/ReplicaLists|ReplicaCopy|mirrors/.exec(resource)?.[0] ?? ''}`)
      .filter((line) => !line.endsWith(' '))
      .sort();

  test('its task reads the lists and nothing of the copy, sorts on a disk, and writes nothing but recovery points', () => {
    const { stack, template } = mirrored(replicaOf(true), { exclude: ['tmp/'] });
    const settings = JSON.stringify(told(template));
    expect(settings).toMatch(/ReplicaCopy.*\/in.*listings.*ReplicaLists.*ReplicaCopy.*\/postgres-backup/);
    expect(ofReplica(template, 'MirrorTaskTaskRole')).toEqual([
      's3:GetObject ReplicaLists',
      's3:ListBucket ReplicaLists',
    ]);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Command: ['backup', 'objects'],
          MountPoints: [Match.objectLike({ ContainerPath: '/tmp' })],
        }),
      ],
    });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('manyObjects'));
    // What it may decrypt with the key of the copy, it may of the lists alone.
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('^MirrorTaskTaskRole'),
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'kms:Decrypt',
            Condition: Match.objectLike({
              StringLike: { 'kms:EncryptionContext:aws:s3:arn': Match.arrayWith([stack.resolve(listsArn(stack))]) },
            }),
          }),
        ]),
      },
    });
  });

  test('who verifies reads the copy, whether the mirror was added before the component or after', () => {
    const expected = [
      ...['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectTagging', 's3:GetObjectVersionTagging'],
      ...['s3:ListBucket', 's3:ListBucketVersions'],
    ].map((action) => `${action} ReplicaCopy`);
    const before = mirrored(replicaOf(true)).template;
    const stack = testStack();
    testBackup(stack).addObjects('uploads', { from: replicaOf(true)(stack) });
    for (const template of [before, templateOf(stack)]) {
      const roles = [...new Set(permissions(template).map(({ holder }) => holder))].filter((role) =>
        role.includes('VerificationFunction'),
      );
      expect(roles).not.toEqual([]);
      const rights = roles.flatMap((role) => ofReplica(template, role.replace(/DefaultPolicy.*$/, '')));
      expect(rights.filter((right) => right.endsWith('ReplicaCopy'))).toEqual([...expected].sort());
    }
  });

  test('one that is not listed is refused, and so is throughTask', () => {
    expect(() => mirrored(replicaOf(false))).toThrow(
      'Shop/Replica is not listed, and recovery points are made of its lists',
    );
    expect(() => mirrored(replicaOf(true), { throughTask: true })).toThrow("mirror 'uploads' is a replica");
  });

  test('a copy that drops what recovery points still name is refused', () => {
    const plan = new BackupPlan([BackupRule.daily({ keepFor: Duration.days(30) })]);
    const kept = (days: number) => mirrored(replicaOf(true, Duration.days(days)), {}, { plan });
    expect(() => kept(43)).toThrow(
      "mirror 'uploads': Shop/Replica keeps what was replaced for 43 days, but recovery points name it for up to 44 days",
    );
    kept(44).template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: Match.arrayWith([
          Match.objectLike({ Id: 'replaced', NoncurrentVersionExpiration: { NoncurrentDays: 44 } }),
        ]),
      },
    });
  });
});
