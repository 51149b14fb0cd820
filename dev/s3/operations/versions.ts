/** How versions of a key come and go, by the bucket's versioning. https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html */
import { randomBytes } from 'node:crypto';
import { S3Error, s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { Bucket } from '../storage/bucket';
import type { ObjectVersion } from '../storage/records';
import { assertWriteConditions } from './conditions';

export const NULL_VERSION = 'null';

/** Makes a written object visible, if the request's conditions hold at that moment. `beforeCommit` may still refuse. */
export async function commitVersion(
  exchange: Exchange,
  version: Omit<ObjectVersion, 'versionId' | 'deleteMarker' | 'lastModified'>,
): Promise<ObjectVersion> {
  const { bucket, key } = exchange;
  return bucket.keyLocks.run(key, async () => {
    assertWriteConditions(exchange, bucket.versions(key).at(0));
    const whole = { ...version, versionId: newVersionId(bucket), deleteMarker: false, lastModified: exchange.now() };
    await addVersion(bucket, key, whole);
    return whole;
  });
}

/** Adds a version on top; a null version replaces the earlier null version. The caller holds the key's lock. */
export async function addVersion(bucket: Bucket, key: string, version: ObjectVersion): Promise<void> {
  const others = bucket.versions(key).filter(({ versionId }) => versionId !== version.versionId);
  await bucket.saveVersions(key, [version, ...others]);
}

export function newVersionId(bucket: Bucket): string {
  if (bucket.record.versioning !== 'Enabled') return NULL_VERSION;
  return randomBytes(24).toString('base64url').replace(/-/g, '.');
}

/** What stands on top of a key that was deleted where there are versions. */
export function deleteMarker(versionId: string, lastModified: string): ObjectVersion {
  return {
    versionId,
    deleteMarker: true,
    lastModified,
    etag: '',
    sizeBytes: 0,
    segments: [],
    headers: {},
    metadata: {},
    tags: {},
    storageClass: 'STANDARD',
    encryption: { algorithm: 'AES256' },
  };
}

/** The header that tells the version; buckets that never had versioning do not send it. */
export function versionHeader(bucket: Bucket, version: { versionId: string }): { 'x-amz-version-id'?: string } {
  return bucket.record.versioning === 'Unversioned' ? {} : { 'x-amz-version-id': version.versionId };
}

/** The version a read asks for, or the newest one. */
export async function findVersion(exchange: Exchange): Promise<ObjectVersion> {
  return versionOf(exchange, exchange.bucket, exchange.key, exchange.query('versionId'));
}

/** The same for any bucket and key, as the source of a copy. */
export async function versionOf(
  exchange: Exchange,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): Promise<ObjectVersion> {
  const versions = bucket.versions(key);
  if (versionId !== undefined) return exactVersion(versions, key, versionId);
  const newest = versions.at(0);
  if (newest !== undefined && !newest.deleteMarker) return newest;
  // Who may not list must not learn what is not there.
  await exchange.require('s3:ListBucket', { bucket: bucket.record.name });
  const headers = newest === undefined ? {} : markerHeaders(newest);
  throw new S3Error('NoSuchKey', { fields: { Key: key }, headers });
}

function exactVersion(versions: readonly ObjectVersion[], key: string, versionId: string): ObjectVersion {
  assertVersionId(versionId);
  const version = versions.find((one) => one.versionId === versionId);
  if (version === undefined) throw s3Error('NoSuchVersion', undefined, { Key: key, VersionId: versionId });
  if (version.deleteMarker) {
    const headers = { ...markerHeaders(version), allow: 'DELETE' };
    throw new S3Error('MethodNotAllowed', { fields: { ResourceType: 'DeleteMarker' }, headers });
  }
  return version;
}

export function assertVersionId(versionId: string): void {
  if (/^[A-Za-z0-9._]{32}$/.test(versionId) || versionId === NULL_VERSION) return;
  throw s3Error('InvalidArgument', 'Invalid version id specified', {
    ArgumentName: 'versionId',
    ArgumentValue: versionId,
  });
}

function markerHeaders(marker: ObjectVersion): Record<string, string> {
  return { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker.versionId };
}
