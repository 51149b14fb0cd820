import { Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeCompliance } from './acknowledge';
import { privateBucketProps } from './private-bucket';

/** Where S3 puts its lists of a replica, and of what. */
export interface ReplicaListsOptions {
  /** The bucket that is listed. */
  readonly copy: s3.Bucket;
  /** Folder that is replicated, without a slash at its end; none: all. */
  readonly folder?: string;
  readonly encryptionKey: kms.IKey;
  readonly serverAccessLogsBucket?: s3.IBucket;
}

/** Lets S3 Inventory list a replica every day into a bucket of its own: there, nothing of the lists gets into the copy or the vault. */
export function createReplicaLists(scope: Construct, options: ReplicaListsOptions): s3.Bucket {
  const { copy, folder, encryptionKey, serverAccessLogsBucket } = options;
  const bucket = new s3.Bucket(scope, 'Lists', {
    ...privateBucketProps(encryptionKey),
    serverAccessLogsBucket,
    serverAccessLogsPrefix: 'replica-lists/',
    lifecycleRules: [
      { id: 'end', expiration: Duration.days(KEPT_DAYS), noncurrentVersionExpiration: Duration.days(1) },
      { id: 'clean-up', abortIncompleteMultipartUploadAfter: Duration.days(3) },
    ],
  });
  acknowledgeCompliance(
    bucket,
    'S3BucketReplicationEnabled',
    'What a list says is in the recovery points, and S3 makes a new one every day.',
  );
  acknowledgeCompliance(
    bucket,
    'S3BucketDefaultLockEnabled',
    'What a list says is in the recovery points, which are locked.',
  );
  copy.addInventory({
    inventoryId: INVENTORY,
    destination: { bucket },
    format: s3.InventoryFormat.CSV,
    frequency: s3.InventoryFrequency.DAILY,
    // With their ids, which lists of what is current do not have.
    includeObjectVersions: s3.InventoryObjectVersion.ALL,
    optionalFields: ['Size', 'LastModifiedDate', 'ETag', 'StorageClass', 'ReplicationStatus', 'ChecksumAlgorithm'],
    ...(folder !== undefined && { objectsPrefix: `${folder}/` }),
  });
  letS3Encrypt(encryptionKey, Stack.of(scope).account);
  return bucket;
}

/** Folder of the lists in their bucket: `<bucket that is listed>/<configuration>`. */
export function listsUri(lists: s3.IBucket, copy: s3.IBucket): string {
  return `s3://${lists.bucketName}/${copy.bucketName}/${INVENTORY}`;
}

/**
 * Not for this bucket alone: it names the key, which cannot name it then.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/configure-inventory.html#configure-inventory-kms-key-policy
 */
function letS3Encrypt(key: kms.IKey, account: string): void {
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal('s3.amazonaws.com')],
      actions: ['kms:GenerateDataKey'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
    true,
  );
}

const INVENTORY = 'postgres-backup';
/** Long enough to look at what a recovery point was made of. */
const KEPT_DAYS = 35;
