import { Size } from 'aws-cdk-lib';
import { Annotations, Match, type Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { mirrorSettingsProblem } from '../../model';
import { ObjectMirror, ObjectSource, type MirrorOptions, type ObjectMirrorProps } from '../../lib';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack } from './support/stacks';

function mirrored(
  from: (stack: ReturnType<typeof testStack>) => ObjectSource,
  options: Partial<MirrorOptions> = {},
  props: Partial<ObjectMirrorProps> = {},
) {
  const stack = testStack();
  const backup = testBackup(stack);
  const mirror = new ObjectMirror(stack, 'Mirror', { ...backup.componentDefaults, ...props });
  mirror.addMirror('uploads', { from: from(stack), ...options });
  backup.addComponent(mirror);
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

test('a size that a listing cannot cope with is warned of', () => {
  const { stack } = mirrored((scope) => ObjectSource.bucket(bucketOf(scope)), { estimatedObjects: 100_000_000 });
  Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('100,000,000 objects.*2.8 hours'));
});
