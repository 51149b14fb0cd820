/** What can be changed about an object after it was written: tags, retention, legal hold. */
import { emptyAnswer, xmlAnswer, type Answer } from '../answer';
import { s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { ObjectVersion } from '../storage/records';
import { textOf } from '../xml/parse';
import { assertMayChangeRetention, parseHold, retentionFromXml } from './object-lock';
import { MAX_OBJECT_TAGS, tagsFromXml, tagsToXml } from './tags';
import { findVersion, versionHeader } from './versions';

export async function getObjectTagging(exchange: Exchange): Promise<Answer> {
  const version = await findVersion(exchange);
  return xmlAnswer('Tagging', tagsToXml(version.tags), versionHeader(exchange.bucket, version));
}

export async function putObjectTagging(exchange: Exchange): Promise<Answer> {
  const tags = tagsFromXml(await exchange.receiveXml('Tagging'), MAX_OBJECT_TAGS);
  const version = await change(exchange, () => ({ tags }));
  return emptyAnswer(200, versionHeader(exchange.bucket, version));
}

export async function deleteObjectTagging(exchange: Exchange): Promise<Answer> {
  const version = await change(exchange, () => ({ tags: {} }));
  return emptyAnswer(204, versionHeader(exchange.bucket, version));
}

export async function getObjectRetention(exchange: Exchange): Promise<Answer> {
  assertLockable(exchange);
  const { retention } = await findVersion(exchange);
  if (retention === undefined) throw s3Error('NoSuchObjectLockConfiguration');
  return xmlAnswer('Retention', { Mode: retention.mode, RetainUntilDate: retention.retainUntil });
}

export async function putObjectRetention(exchange: Exchange): Promise<Answer> {
  assertLockable(exchange);
  const retention = retentionFromXml(await exchange.receiveXml('Retention'), exchange.service.now());
  await change(exchange, async (version) => {
    await assertMayChangeRetention(exchange, version, retention);
    return { retention };
  });
  return emptyAnswer(200);
}

export async function getObjectLegalHold(exchange: Exchange): Promise<Answer> {
  assertLockable(exchange);
  const { legalHold } = await findVersion(exchange);
  if (legalHold === undefined) throw s3Error('NoSuchObjectLockConfiguration');
  return xmlAnswer('LegalHold', { Status: legalHold ? 'ON' : 'OFF' });
}

export async function putObjectLegalHold(exchange: Exchange): Promise<Answer> {
  assertLockable(exchange);
  const legalHold = parseHold(textOf(await exchange.receiveXml('LegalHold'), 'Status'));
  await change(exchange, () => ({ legalHold }));
  return emptyAnswer(200);
}

/** Replaces some of what is said about a version, whichever the request names. */
async function change(
  exchange: Exchange,
  decide: (version: ObjectVersion) => Partial<ObjectVersion> | Promise<Partial<ObjectVersion>>,
): Promise<ObjectVersion> {
  const { bucket, key } = exchange;
  return bucket.keyLocks.run(key, async () => {
    const version = await findVersion(exchange);
    const changed = { ...version, ...(await decide(version)) };
    await bucket.saveVersions(
      key,
      bucket.versions(key).map((one) => (one === version ? changed : one)),
    );
    return changed;
  });
}

function assertLockable({ bucket }: Exchange): void {
  if (!bucket.record.objectLock) throw s3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration');
}
