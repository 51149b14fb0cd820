import { Size, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { mirrorSettingsProblem } from '../../model';
import {
  BackupPlan,
  BackupRule,
  ObjectMirror,
  ObjectSource,
  type MirrorOptions,
  type ObjectMirrorProps,
} from '../../lib';
import { testBackup, testStack } from './support/stacks';

import { mirrored, secretOf, bucketOf, told, allowed } from './support/mirrors';

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
