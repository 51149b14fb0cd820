/** As whom S3 replicates: for what is new, and for what was there before. */
import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeInlinePolicies, acknowledgeWildcardResource } from './acknowledge';

/** What is copied where. */
export interface Replication {
  readonly source: s3.IBucket;
  readonly copy: s3.IBucket;
  /** Of the copy. */
  readonly encryptionKey: kms.IKey;
  /** Delete markers are copied, too. */
  readonly listed?: boolean;
}

/** Reads versions of the source and writes their copies; deletes none. */
export function createReplicationRole(scope: Construct, replication: Replication): iam.Role {
  const { source, copy, encryptionKey, listed } = replication;
  const role = serviceRole(scope, 'Role', 's3.amazonaws.com');
  allow(role, ['s3:GetReplicationConfiguration', 's3:ListBucket'], source.bucketArn);
  allow(
    role,
    [
      ...['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'],
      ...['s3:GetObjectRetention', 's3:GetObjectLegalHold'],
    ],
    source.arnForObjects('*'),
  );
  // ReplicateDelete is for delete markers, which hide: S3 replicates no deletion of a version.
  if (listed) allow(role, ['s3:ReplicateDelete'], copy.arnForObjects('*'));
  allow(role, ['s3:ReplicateObject', 's3:ReplicateTags'], copy.arnForObjects('*'));
  if (source.encryptionKey) allow(role, ['kms:Decrypt'], source.encryptionKey.keyArn);
  encryptionKey.grant(role, 'kms:Encrypt', 'kms:GenerateDataKey');
  return role;
}

/** Starts the replication of what was there before. */
export function createBatchRole(scope: Construct, source: s3.IBucket): iam.Role {
  const role = serviceRole(scope, 'BatchRole', 'batchoperations.s3.amazonaws.com');
  allow(role, ['s3:GetReplicationConfiguration', 's3:PutInventoryConfiguration'], source.bucketArn);
  allow(role, ['s3:InitiateReplication'], source.arnForObjects('*'));
  return role;
}

function serviceRole(scope: Construct, id: string, service: string): iam.Role {
  const role = new iam.Role(scope, id, {
    description: `Replication by S3: ${scope.node.path}`,
    assumedBy: new iam.ServicePrincipal(service, {
      // Not the bucket too: it names the role, which cannot name it then.
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  });
  acknowledgeInlinePolicies(role);
  return role;
}

function allow(role: iam.Role, actions: string[], resource: string): void {
  role.addToPolicy(new iam.PolicyStatement({ actions, resources: [resource] }));
  acknowledgeWildcardResource(role, resource, 'A whole bucket is replicated: its keys are not known beforehand.');
}
