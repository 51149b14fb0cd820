import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Duration, type Stack } from 'aws-cdk-lib';
import { BackupVault, ObjectReplica, VaultLock, type ObjectReplicaProps } from '../../lib';
import { permissions } from './support/policies';
import { templateOf, testStack } from './support/stacks';

function replicated(source: (stack: Stack) => s3.IBucket, props: Partial<ObjectReplicaProps> = {}) {
  const stack = testStack();
  const vault = new BackupVault(stack, 'Vault', { lock: VaultLock.governance(Duration.days(14)) });
  const topic = sns.Topic.fromTopicArn(stack, 'Topic', 'arn:aws:sns:eu-central-1:111122223333:alarms');
  const replica = new ObjectReplica(stack, 'Replica', { source: source(stack), vault, topic, ...props });
  return { stack, replica, template: templateOf(stack) };
}

const owned = (stack: Stack) => new s3.Bucket(stack, 'Uploads', { bucketName: 'acme-uploads', versioned: true });
const existing = (stack: Stack) => s3.Bucket.fromBucketName(stack, 'Uploads', 'acme-uploads');

test('the source replicates into a bucket of its own, locked and encrypted as the vault is; deletions are not replicated', () => {
  const { stack, replica, template } = replicated(owned, { folder: 'in' });
  const copy = stack.resolve(replica.bucket.bucketArn) as unknown;
  template.hasResourceProperties('AWS::S3::Bucket', {
    BucketName: 'acme-uploads',
    ReplicationConfiguration: {
      Role: stack.resolve(replica.role.roleArn) as unknown,
      Rules: [
        {
          Id: 'postgres-backup-replica',
          Status: 'Enabled',
          Filter: { Prefix: 'in/' },
          DeleteMarkerReplication: { Status: 'Disabled' },
          SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
          Destination: { Bucket: copy, ReplicationTime: { Status: 'Enabled', Time: { Minutes: 15 } } },
        },
      ],
    },
  });
  template.hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Retain',
    Properties: {
      BucketName: Match.absent(),
      VersioningConfiguration: { Status: 'Enabled' },
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Days: 14, Mode: 'GOVERNANCE' } } },
      LoggingConfiguration: { LogFilePrefix: 'replica/' },
    },
  });
});

test('a tag at the source deletes nothing in the copy', () => {
  const { stack, replica, template } = replicated(owned);
  const id = stack.getLogicalId(replica.bucket.node.defaultChild as s3.CfnBucket);
  const { Properties } = template.findResources('AWS::S3::Bucket')[id] as {
    Properties: { LifecycleConfiguration: { Rules: object[] } };
  };
  expect(Properties.LifecycleConfiguration.Rules).toEqual([
    { Id: 'clean-up', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } },
  ]);
});

test('S3 may read versions of the source and write copies: no deletion, nothing in the vault', () => {
  const withKey = (stack: Stack) =>
    new s3.Bucket(stack, 'Uploads', { versioned: true, encryptionKey: new kms.Key(stack, 'SourceKey') });
  const { template } = replicated(withKey);
  const given = (holder: string) =>
    permissions(template)
      .filter((one) => one.holder.startsWith(holder))
      .map(
        ({ action, resource }) =>
          `${action} ${/(Uploads|SourceKey|ReplicaCopy|VaultKey)/.exec(resource)?.[1] ?? resource}`,
      )
      .sort();
  expect(given('ReplicaRoleDefaultPolicy')).toEqual(
    [
      ...['GetReplicationConfiguration', 'ListBucket', 'GetObjectVersionForReplication', 'GetObjectVersionAcl'],
      ...['GetObjectVersionTagging', 'GetObjectRetention', 'GetObjectLegalHold'],
    ]
      .map((action) => `s3:${action} Uploads`)
      .concat(['s3:ReplicateObject ReplicaCopy', 's3:ReplicateTags ReplicaCopy'])
      .concat(['kms:Decrypt SourceKey', 'kms:Encrypt VaultKey', 'kms:GenerateDataKey VaultKey'])
      .sort(),
  );
  expect(given('ReplicaBatchRoleDefaultPolicy')).toEqual([
    's3:GetReplicationConfiguration Uploads',
    's3:InitiateReplication Uploads',
    's3:PutInventoryConfiguration Uploads',
  ]);
});

test('an existing bucket is left alone: a warning, and what to give it', () => {
  const { stack, replica } = replicated(existing);
  Annotations.fromStack(stack).hasWarning(
    '*',
    Match.stringLikeRegexp('acme-uploads is an existing bucket.*put-bucket-replication'),
  );
  const json = JSON.stringify(stack.resolve(replica.replicationConfiguration));
  expect(json).toContain('\\\\\\"ID\\\\\\":\\\\\\"postgres-backup-replica'.replaceAll('\\\\\\', '\\'));
  expect(JSON.stringify(stack.resolve(replica.batchReplicationCommand))).toContain('S3ReplicateObject');
});

test('an alarm goes off when something was not copied, and when the copy is behind', () => {
  const { template } = replicated(owned, { alarmAfter: Duration.minutes(30) });
  const shared = { Namespace: 'AWS/S3', AlarmActions: ['arn:aws:sns:eu-central-1:111122223333:alarms'] };
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    ...shared,
    MetricName: 'OperationsFailedReplication',
    Threshold: 0,
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    ...shared,
    MetricName: 'ReplicationLatency',
    Threshold: 1800,
  });
});

test('a source without versions, or with a replication already, is refused', () => {
  expect(() => replicated((stack) => new s3.Bucket(stack, 'Uploads'))).toThrow('Shop/Uploads is not versioned');
  const taken = (stack: Stack) => {
    const bucket = owned(stack);
    const resource = bucket.node.defaultChild as s3.CfnBucket;
    resource.replicationConfiguration = { role: 'arn:aws:iam::111122223333:role/other', rules: [] };
    return bucket;
  };
  expect(() => replicated(taken)).toThrow('Shop/Uploads replicates already');
  expect(() => replicated(owned, { folder: 'in/' })).toThrow("folder 'in/'");
});

test('listed: S3 lists all versions daily into a bucket of its own, which it alone writes, and delete markers are replicated', () => {
  const { stack, replica, template } = replicated(owned, { folder: 'in', listed: true });
  const [copy, lists] = [replica.bucket, replica.lists].map((bucket) => stack.resolve(bucket?.bucketArn) as unknown);
  template.hasResourceProperties('AWS::S3::Bucket', {
    InventoryConfigurations: [
      {
        Id: 'postgres-backup',
        Enabled: true,
        Prefix: 'in/',
        ScheduleFrequency: 'Daily',
        IncludedObjectVersions: 'All',
        OptionalFields: Match.arrayWith(['Size', 'LastModifiedDate', 'ETag']),
        Destination: { BucketArn: lists, Format: 'CSV', Prefix: Match.absent() },
      },
    ],
  });
  template.hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: 's3:PutObject',
          Principal: { Service: 's3.amazonaws.com' },
          Condition: { ArnLike: { 'aws:SourceArn': copy } },
        }),
      ]),
    },
  });
  template.hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: 'kms:GenerateDataKey',
          Principal: { Service: 's3.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': Match.anyValue() } },
        }),
      ]),
    },
  });
  template.hasResourceProperties('AWS::S3::Bucket', {
    ReplicationConfiguration: { Rules: [Match.objectLike({ DeleteMarkerReplication: { Status: 'Enabled' } })] },
  });
  const deletes = permissions(template).filter(({ action }) => action.includes('Delete'));
  expect(deletes.map(({ action, holder }) => `${holder.slice(0, 11)} ${action}`)).toContain(
    'ReplicaRole s3:ReplicateDelete',
  );
  expect(deletes.filter(({ holder }) => holder.startsWith('Replica')).map(({ action }) => action)).toEqual([
    's3:ReplicateDelete',
  ]);
});
