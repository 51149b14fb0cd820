/** Rights to read a bucket, or a folder of it. */
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeWildcardResource } from './acknowledge';
import { allowKey } from './vault-access';

/** What may be done below a prefix, and with the bucket there. */
export interface ReadRights {
  readonly objects: string[];
  readonly bucket: string[];
  /** Empty: the whole bucket. */
  readonly prefix: string;
  /** Why all objects are meant. */
  readonly reason: string;
}

/** Lets somebody read objects; its key is for the caller to see to. */
export function allowRead(bucket: s3.IBucket, grantee: iam.IGrantable, rights: ReadRights): iam.Grant {
  const { prefix, reason } = rights;
  const objects = bucket.arnForObjects(`${prefix}*`);
  const grant = (actions: string[], resource: string, conditions?: Record<string, Record<string, string[]>>) =>
    iam.Grant.addToPrincipalOrResource({ grantee, actions, resourceArns: [resource], conditions, resource: bucket });
  const read = grant(rights.objects, objects);
  const within = prefix === '' ? undefined : { StringLike: { 's3:prefix': [`${prefix}*`] } };
  const listed = grant(rights.bucket, bucket.bucketArn, within);
  for (const holder of new Set([grantee, grantee.grantPrincipal])) {
    if (Construct.isConstruct(holder)) acknowledgeWildcardResource(holder, objects, reason);
  }
  return read.combine(listed);
}

/** Lets somebody read objects of ours, and decrypt them with the key that they share with the vault: those of this bucket alone. */
export function allowReadOwn(bucket: s3.IBucket, grantee: iam.IGrantable, rights: ReadRights): iam.Grant {
  allowKey({ bucket, encryptionKey: bucket.encryptionKey, prefix: '' }, grantee, ['kms:Decrypt']);
  return allowRead(bucket, grantee, rights);
}

/** As keys begin: empty, or with a slash at its end. */
export function folderPrefix(folder: string | undefined): string {
  return folder === undefined || folder === '' ? '' : `${folder}/`;
}
