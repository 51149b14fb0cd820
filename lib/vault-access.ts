/**
 * What a role may do in a vault, action by action. Nothing here, and nothing elsewhere in the library, allows a delete:
 * expiry is left to the vault's lifecycle rule (see `model/expiry.ts`).
 */
import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import {
  DRILL_NAME,
  EXPIRY_TAG,
  FAILURE_NAME,
  INVENTORY_PIECES,
  MANIFEST_NAME,
  STARTED_NAME,
  SET_NAME,
  VERIFICATION_NAME,
  everyAttempt,
  journalPrefix,
  longKeysPrefix,
} from '../model';
import { acknowledgeWildcardResource } from './acknowledge';

/** Where in the vault, and with which key. */
export interface VaultLocation {
  readonly bucket: s3.IBucket;
  readonly encryptionKey?: kms.IKey;
  /** Key prefix with a slash at its end. */
  readonly prefix: string;
}

/**
 * Write below the prefix, and nothing else: no reading back, no listing, no tags, no lock settings, and no result of a
 * verification: who makes backups does not say that they are good.
 */
export function allowWrite(location: VaultLocation, grantee: iam.IGrantable): iam.Grant {
  denyObjects(location, grantee, ['s3:PutObject'], `*/${VERIFICATION_NAME}`);
  return combine([
    // PutObject also begins, fills and completes multipart uploads; AbortMultipartUpload frees the parts of a failed run.
    allowObjects(location, grantee, ['s3:PutObject', 's3:AbortMultipartUpload'], '*'),
    // GenerateDataKey encrypts. Decrypt because S3 decrypts the parts of a multipart upload to put the object together.
    allowKey(location, grantee, ['kms:GenerateDataKey', 'kms:Decrypt']),
  ]);
}

/**
 * Archive the log below the prefix: write, and look what an object that is there already is, so that the same file again is no
 * failure. GetObject is what HEAD needs; without kms:Decrypt no content is read by it, where the vault is encrypted with a key.
 */
export function allowArchive(location: VaultLocation, grantee: iam.IGrantable): iam.Grant {
  return combine([
    allowObjects(location, grantee, ['s3:PutObject', 's3:GetObject'], '*'),
    allowKey(location, grantee, ['kms:GenerateDataKey']),
  ]);
}

/** Find what the archive of the log holds, and what the base backups of the source need of it. */
export function allowAudit(
  source: VaultLocation,
  wal: string,
  baseBackups: string,
  grantee: iam.IGrantable,
): iam.Grant {
  return combine([
    allowList(source, grantee),
    // Histories, and the metadata of segments.
    allowObjects({ ...source, prefix: wal }, grantee, ['s3:GetObject'], '*'),
    allowObjects(
      { ...source, prefix: baseBackups },
      grantee,
      ['s3:GetObject', 's3:GetObjectTagging'],
      `*/${MANIFEST_NAME}`,
    ),
    allowKey(source, grantee, ['kms:Decrypt']),
  ]);
}

/** Look whether the runs before failed and may be repeated: read what is written about runs, and none of the data. */
export function allowRepeat(location: VaultLocation, grantee: iam.IGrantable): iam.Grant {
  return combine(
    [everyAttempt(STARTED_NAME), everyAttempt(FAILURE_NAME), MANIFEST_NAME].map((name) =>
      allowObjects(location, grantee, ['s3:GetObject'], `*/${name}`),
    ),
  );
}

/** Read below the prefix, find what is there, and write down the result beside it. */
export function allowVerify(location: VaultLocation, grantee: iam.IGrantable): iam.Grant {
  return combine([
    allowRead(location, grantee),
    // Tags: whether retention has marked it. Retention: S3 tells of a lock only who may ask for it.
    allowObjects(location, grantee, ['s3:GetObjectTagging', 's3:GetObjectRetention'], '*'),
    allowObjects(location, grantee, ['s3:PutObject'], `*/${VERIFICATION_NAME}`),
    allowKey(location, grantee, ['kms:GenerateDataKey']),
  ]);
}

/**
 * Find recovery points below the prefix and read what they hold by name, size and digest: what a backup of only what changed is
 * built on. None of the content.
 *
 * @param lists names of the objects in a recovery point that tell what it holds
 */
export function allowBuildOn(location: VaultLocation, lists: readonly string[], grantee: iam.IGrantable): iam.Grant {
  const names = [MANIFEST_NAME, VERIFICATION_NAME, ...lists];
  return combine([
    allowList(location, grantee),
    ...names.map((name) => allowObjects(location, grantee, ['s3:GetObject', 's3:GetObjectVersion'], `*/${name}`)),
    allowKey(location, grantee, ['kms:Decrypt']),
  ]);
}

/** Read below the prefix and find what is there. */
export function allowRead(location: VaultLocation, grantee: iam.IGrantable): iam.Grant {
  return combine([
    // GetObjectVersion because a manifest names versions: a newer object or a delete marker on top does not mislead.
    allowObjects(location, grantee, ['s3:GetObject', 's3:GetObjectVersion'], '*'),
    allowList(location, grantee),
    allowKey(location, grantee, ['kms:Decrypt']),
  ]);
}

/**
 * Read one component, and write records of its drills: never over another, which versions would show.
 *
 * @param places key prefixes of what a restore of the component reads, each with a slash at its end
 * @param drills key prefix of the records, with a slash at its end
 */
export function allowDrill(
  location: VaultLocation,
  places: readonly string[],
  drills: string,
  grantee: iam.IGrantable,
): iam.Grant {
  return combine([
    ...[...places, drills].map((prefix) => allowRead({ ...location, prefix }, grantee)),
    allowObjects({ ...location, prefix: drills }, grantee, ['s3:PutObject'], `*/${DRILL_NAME}`),
    allowKey(location, grantee, ['kms:GenerateDataKey']),
  ]);
}

/** Look whether retention has marked what is below the prefix: moments that lead from it are drawn no more. */
export function allowSeeMarks(location: VaultLocation, grantee: iam.IGrantable): iam.Grant {
  return allowObjects(location, grantee, ['s3:GetObjectTagging'], `*/${MANIFEST_NAME}`);
}

/**
 * Fill a mirror, and read the inventories that tell what is in it already. What was mirrored cannot be read back with it.
 *
 * @param location where the recovery points are
 * @param folder of the mirror's data, without a slash at its end
 */
export function allowMirror(location: VaultLocation, folder: string, grantee: iam.IGrantable): iam.Grant {
  const write = ['s3:PutObject', 's3:AbortMultipartUpload'];
  return combine([
    allowRead(location, grantee),
    allowObjects({ ...location, prefix: `${folder}/` }, grantee, write, '*'),
    // Keys that are too long with their prefix.
    allowObjects({ ...location, prefix: `${folder}.long/` }, grantee, write, '*'),
    allowKey(location, grantee, ['kms:GenerateDataKey', 'kms:Decrypt']),
  ]);
}

/** Fill a mirror between its runs and keep a journal of it: write, and read nothing. */
export function allowMirrorEvents(location: VaultLocation, mirror: string, grantee: iam.IGrantable): iam.Grant {
  const write = ['s3:PutObject', 's3:AbortMultipartUpload'];
  return combine([
    allowObjects({ ...location, prefix: mirror }, grantee, write, '*'),
    allowObjects({ ...location, prefix: longKeysPrefix(mirror) }, grantee, write, '*'),
    allowObjects({ ...location, prefix: journalPrefix(mirror) }, grantee, ['s3:PutObject'], '*'),
    // Decrypt because S3 decrypts the parts of a copy in parts to put the object together.
    allowKey(location, grantee, ['kms:GenerateDataKey', 'kms:Decrypt']),
  ]);
}

/** Find recovery points of objects and read what is mirrored by name, size and digest. None of the objects. */
export function allowReadInventories(location: VaultLocation, grantee: iam.IGrantable): iam.Grant {
  return combine([
    allowList(location, grantee),
    ...[MANIFEST_NAME, INVENTORY_PIECES].map((name) =>
      allowObjects(location, grantee, ['s3:GetObject', 's3:GetObjectVersion'], `*/${name}`),
    ),
    allowKey(location, grantee, ['kms:Decrypt']),
  ]);
}

/** Read what mirrors hold, and list its versions. */
export function allowReadMirrors(location: VaultLocation, grantee: iam.IGrantable): iam.Grant {
  return combine([allowRead(location, grantee), allowList(location, grantee, ['s3:ListBucketVersions'])]);
}

/** Find what is there below the prefix and read what is written about it, but none of the data. */
export function allowWatch(location: VaultLocation, grantee: iam.IGrantable): iam.Grant {
  return combine([
    allowList(location, grantee),
    ...[MANIFEST_NAME, VERIFICATION_NAME, everyAttempt(FAILURE_NAME), DRILL_NAME, SET_NAME].map((name) =>
      allowObjects(location, grantee, ['s3:GetObject'], `*/${name}`),
    ),
    // Whether retention has marked it: what ends is verified no more.
    ...[MANIFEST_NAME, VERIFICATION_NAME].map((name) =>
      allowObjects(location, grantee, ['s3:GetObjectTagging'], `*/${name}`),
    ),
    allowKey(location, grantee, ['kms:Decrypt']),
  ]);
}

/**
 * Watch, store reports in their own folder, read them back, and mark those whose time is over. It can say nothing of recovery
 * points, and mark none.
 *
 * @param reports key prefix of the reports, with a slash at its end
 */
export function allowReport(location: VaultLocation, reports: string, grantee: iam.IGrantable): iam.Grant {
  const ofReports = { ...location, prefix: reports };
  return combine([
    allowWatch(location, grantee),
    allowObjects(ofReports, grantee, ['s3:GetObject', 's3:PutObject'], '*'),
    allowKey(location, grantee, ['kms:GenerateDataKey']),
    // ListBucketVersions: what was written over ends with the rest.
    allowList(ofReports, grantee, ['s3:ListBucketVersions']),
    allowMark(ofReports, grantee),
  ]);
}

/** Watch, and write down which recovery points belong together: below `sets`, its key prefix with a slash at its end. */
export function allowRecordSets(location: VaultLocation, sets: string, grantee: iam.IGrantable): iam.Grant {
  return combine([
    allowWatch(location, grantee),
    allowObjects({ ...location, prefix: sets }, grantee, ['s3:PutObject'], `*/${SET_NAME}`),
    allowKey(location, grantee, ['kms:GenerateDataKey']),
  ]);
}

/** As {@link allowExpire}, of the sets: below `sets`, their key prefix with a slash at its end. */
export function allowExpireSets(location: VaultLocation, sets: string, grantee: iam.IGrantable): iam.Grant {
  const ofSets = { ...location, prefix: sets };
  return combine([
    allowList(ofSets, grantee, ['s3:ListBucket', 's3:ListBucketVersions']),
    allowObjects(ofSets, grantee, ['s3:GetObject'], `*/${SET_NAME}`),
    allowKey(location, grantee, ['kms:Decrypt']),
    allowMark(ofSets, grantee),
  ]);
}

/**
 * Read what decides when something ends, and mark every version of it with the expiry tag: no other tag, no other value, and
 * no taking it back. The vault's lifecycle rule deletes.
 */
export function allowExpire(location: VaultLocation, grantee: iam.IGrantable): iam.Grant {
  return combine([
    // ListBucketVersions: what was written over ends with the rest.
    allowList(location, grantee, ['s3:ListBucket', 's3:ListBucketVersions']),
    ...[MANIFEST_NAME, VERIFICATION_NAME].map((name) => allowObjects(location, grantee, ['s3:GetObject'], `*/${name}`)),
    allowKey(location, grantee, ['kms:Decrypt']),
    allowMark(location, grantee),
  ]);
}

/**
 * Read every inventory of mirrors, in every version, and mark what none of them names. `mirrors` is the key prefix of the mirrored
 * data, with a slash at its end: nothing of it is read.
 */
export function allowExpireMirrored(location: VaultLocation, mirrors: string, grantee: iam.IGrantable): iam.Grant {
  const ofMirrors = { ...location, prefix: mirrors };
  return combine([
    // What was written over or hidden refers to versions as well.
    ...[MANIFEST_NAME, INVENTORY_PIECES].map((name) =>
      allowObjects(location, grantee, ['s3:GetObject', 's3:GetObjectVersion'], `*/${name}`),
    ),
    allowKey(location, grantee, ['kms:Decrypt']),
    allowList(ofMirrors, grantee, ['s3:ListBucketVersions']),
    allowMark(ofMirrors, grantee),
  ]);
}

/** Set the expiry tag, and no other, on versions. */
function allowMark(location: VaultLocation, grantee: iam.IGrantable): iam.Grant {
  return combine([
    allowObjects(location, grantee, ['s3:GetObjectTagging', 's3:GetObjectVersionTagging'], '*'),
    allowObjects(location, grantee, ['s3:PutObjectVersionTagging'], '*', {
      StringEquals: { [`s3:RequestObjectTag/${EXPIRY_TAG.key}`]: EXPIRY_TAG.value },
      'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': [EXPIRY_TAG.key] },
    }),
  ]);
}

function allowList(
  { bucket, prefix }: VaultLocation,
  grantee: iam.IGrantable,
  actions: string[] = ['s3:ListBucket'],
): iam.Grant {
  return iam.Grant.addToPrincipalOrResource({
    grantee,
    actions,
    resourceArns: [bucket.bucketArn],
    conditions: { StringLike: { 's3:prefix': [`${prefix}*`] } },
    resource: bucket,
  });
}

function allowObjects(
  { bucket, prefix }: VaultLocation,
  grantee: iam.IGrantable,
  actions: string[],
  below: string,
  conditions?: Record<string, Record<string, string | string[]>>,
): iam.Grant {
  const objects = bucket.arnForObjects(`${prefix}${below}`);
  // The policy lies below a role, or is the grantee itself.
  for (const holder of new Set([grantee, grantee.grantPrincipal])) {
    if (!Construct.isConstruct(holder)) continue;
    acknowledgeWildcardResource(
      holder,
      objects,
      'A recovery point is a folder whose name holds the time of the run: the folders above it are named exactly.',
    );
  }
  return iam.Grant.addToPrincipalOrResource({
    grantee,
    actions,
    resourceArns: [objects],
    conditions,
    resource: bucket,
  });
}

/** Denies in the grantee's own policy, or in the bucket's where it has none here. */
function denyObjects(
  { bucket, prefix }: VaultLocation,
  { grantPrincipal }: iam.IGrantable,
  actions: string[],
  below: string,
): void {
  const statement = { effect: iam.Effect.DENY, actions, resources: [bucket.arnForObjects(`${prefix}${below}`)] };
  const added = grantPrincipal.addToPrincipalPolicy(new iam.PolicyStatement(statement)).statementAdded;
  if (!added) bucket.addToResourcePolicy(new iam.PolicyStatement({ ...statement, principals: [grantPrincipal] }));
}

/** The key, for objects of this bucket through S3 alone: it opens nothing else that the key protects. */
export function allowKey(
  { bucket, encryptionKey }: VaultLocation,
  grantee: iam.IGrantable,
  actions: string[],
): iam.Grant | undefined {
  if (!encryptionKey) return undefined;
  const throughS3 = { 'kms:ViaService': `s3.${bucket.env.region}.${Stack.of(bucket).urlSuffix}` };
  const granted = iam.Grant.addToPrincipal({
    grantee,
    actions,
    resourceArns: [encryptionKey.keyArn],
    conditions: {
      StringEquals: throughS3,
      // The bucket with a bucket key, the object without one.
      StringLike: { 'kms:EncryptionContext:aws:s3:arn': [bucket.bucketArn, bucket.arnForObjects('*')] },
    },
  });
  if (granted.success) return granted;
  // Of another account: said in the key's policy, which cannot name the bucket, since the bucket names the key.
  return iam.Grant.addToPrincipalOrResource({
    grantee,
    actions,
    resourceArns: [encryptionKey.keyArn],
    resource: encryptionKey,
    resourceSelfArns: ['*'],
    conditions: { StringEquals: throughS3 },
  });
}

function combine(grants: (iam.Grant | undefined)[]): iam.Grant {
  return grants.filter((grant) => grant !== undefined).reduce((all, grant) => all.combine(grant));
}
