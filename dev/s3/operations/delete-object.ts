/** DeleteObject and DeleteObjects. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
import { emptyAnswer, xmlAnswer, type Answer } from '../answer';
import { S3Error, s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { Bucket } from '../storage/bucket';
import { childrenOf, textOf } from '../xml/parse';
import type { XmlValue } from '../xml/write';
import { assertWriteConditions } from './conditions';
import { assertNotLocked, assertHasDigest } from './object-lock';
import { addVersion, assertVersionId, deleteMarker, newVersionId } from './versions';

const MAX_KEYS = 1000;

interface Deletion {
  /** The version that is gone, or the marker that was set. */
  versionId?: string;
  /** Whether that version is a delete marker. */
  marker: boolean;
}

export async function deleteObject(exchange: Exchange): Promise<Answer> {
  const { versionId, marker } = await deleteOne(exchange, exchange.key, exchange.query('versionId'));
  return emptyAnswer(204, {
    'x-amz-version-id': versionId,
    'x-amz-delete-marker': marker ? 'true' : undefined,
  });
}

export async function deleteObjects(exchange: Exchange): Promise<Answer> {
  const { bucket } = exchange;
  assertHasDigest(exchange, 'DeleteObjects requests');
  const document = await exchange.receiveXml('Delete');
  const objects = childrenOf(document, 'Object');
  if (objects.length === 0 || objects.length > MAX_KEYS) throw s3Error('MalformedXML');
  const quiet = textOf(document, 'Quiet')?.toLowerCase() === 'true';
  const deleted: XmlValue[] = [];
  const errors: XmlValue[] = [];
  for (const object of objects) {
    const key = textOf(object, 'Key') ?? '';
    const versionId = textOf(object, 'VersionId');
    try {
      await exchange.require(versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion', {
        bucket: bucket.record.name,
        key,
      });
      const done = await deleteOne(exchange, key, versionId);
      if (!quiet) deleted.push(describeDeletion(key, versionId, done));
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      errors.push({ Key: key, VersionId: versionId, Code: error.code, Message: error.message });
    }
  }
  return xmlAnswer('DeleteResult', { Deleted: deleted, Error: errors });
}

function describeDeletion(key: string, asked: string | undefined, { versionId, marker }: Deletion): XmlValue {
  if (!marker) return { Key: key, VersionId: asked };
  return { Key: key, VersionId: asked, DeleteMarker: true, DeleteMarkerVersionId: versionId };
}

async function deleteOne(exchange: Exchange, key: string, versionId: string | undefined): Promise<Deletion> {
  const { bucket } = exchange;
  return bucket.keyLocks.run(key, async () => {
    if (exchange.header('if-match') !== undefined) assertWriteConditions(exchange, bucket.versions(key).at(0));
    if (versionId !== undefined) return deleteVersion(exchange, bucket, key, versionId);
    if (bucket.record.versioning !== 'Unversioned') return setMarker(exchange, bucket, key);
    const newest = bucket.versions(key).at(0);
    await bucket.saveVersions(key, []);
    if (newest !== undefined) exchange.emit('ObjectRemoved:Delete', newest, key);
    return { marker: false };
  });
}

async function deleteVersion(exchange: Exchange, bucket: Bucket, key: string, versionId: string): Promise<Deletion> {
  assertVersionId(versionId);
  const versions = bucket.versions(key);
  const doomed = versions.find((version) => version.versionId === versionId);
  if (doomed === undefined) return { versionId, marker: false };
  await assertNotLocked(exchange, doomed, key);
  await bucket.saveVersions(
    key,
    versions.filter((version) => version !== doomed),
  );
  exchange.emit('ObjectRemoved:Delete', doomed, key);
  return { versionId, marker: doomed.deleteMarker };
}

async function setMarker(exchange: Exchange, bucket: Bucket, key: string): Promise<Deletion> {
  const marker = deleteMarker(newVersionId(bucket), exchange.now());
  const replaced = bucket.versions(key).find(({ versionId }) => versionId === marker.versionId);
  if (replaced !== undefined) await assertNotLocked(exchange, replaced, key);
  await addVersion(bucket, key, marker);
  exchange.emit('ObjectRemoved:DeleteMarkerCreated', marker, key);
  return { versionId: marker.versionId, marker: true };
}
