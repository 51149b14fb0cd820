/** Bucket settings that have rules of their own: versioning, Object Lock, location, access control list. */
import { emptyAnswer, textAnswer, xmlAnswer, type Answer } from '../answer';
import { s3Error } from '../errors';
import type { Exchange } from '../exchange';
import { find, parseXml, textOf } from '../xml/parse';
import { writeXml } from '../xml/write';
import { saveDocument } from './bucket-documents';
import { OWNER } from './listing';

export async function getBucketVersioning({ bucket }: Exchange): Promise<Answer> {
  const { versioning } = bucket.record;
  return xmlAnswer('VersioningConfiguration', versioning === 'Unversioned' ? {} : { Status: versioning });
}

export async function putBucketVersioning(exchange: Exchange): Promise<Answer> {
  const { record } = exchange.bucket;
  const status = textOf(await exchange.receiveXml('VersioningConfiguration'), 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw s3Error('MalformedXML');
  if (status === 'Suspended' && record.objectLock) {
    const message =
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.';
    throw s3Error('InvalidBucketState', message);
  }
  record.versioning = status;
  await exchange.bucket.saveSettings();
  return emptyAnswer(200);
}

export async function getObjectLockConfiguration({ bucket }: Exchange): Promise<Answer> {
  if (!bucket.record.objectLock) throw s3Error('ObjectLockConfigurationNotFoundError');
  const plain = writeXml('ObjectLockConfiguration', { ObjectLockEnabled: 'Enabled' });
  return textAnswer(bucket.record.documents['object-lock'] ?? plain, { 'content-type': 'application/xml' });
}

export async function putObjectLockConfiguration(exchange: Exchange): Promise<Answer> {
  const { record } = exchange.bucket;
  const text = await exchange.receiveText();
  const document = parseXml(text, 'ObjectLockConfiguration');
  if (textOf(document, 'ObjectLockEnabled') !== 'Enabled') throw s3Error('MalformedXML');
  const rule = find(document, 'Rule', 'DefaultRetention');
  if (rule !== undefined) assertDefaultRetention(textOf(rule, 'Mode'), textOf(rule, 'Days'), textOf(rule, 'Years'));
  if (record.versioning !== 'Enabled') {
    throw s3Error(
      'InvalidBucketState',
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    );
  }
  record.objectLock = true;
  await saveDocument(exchange, 'object-lock', text);
  return emptyAnswer(200);
}

export async function getBucketLocation({ bucket }: Exchange): Promise<Answer> {
  const { region } = bucket.record;
  const location = region === 'us-east-1' ? '' : region;
  const text = writeXml('LocationConstraint', {}).replace('</', `${location}</`);
  return textAnswer(text, { 'content-type': 'application/xml' });
}

/** Ownership is enforced here as in new buckets of S3: the owner has everything, and lists cannot be changed. */
export async function getBucketAcl(exchange: Exchange): Promise<Answer> {
  assertBucketExists(exchange);
  const xsi = 'http://www.w3.org/2001/XMLSchema-instance';
  const grantee = writeXml('AccessControlPolicy', {
    Owner: OWNER,
    AccessControlList: { Grant: { Grantee: OWNER, Permission: 'FULL_CONTROL' } },
  }).replace('<Grantee>', `<Grantee xmlns:xsi="${xsi}" xsi:type="CanonicalUser">`);
  return textAnswer(grantee, { 'content-type': 'application/xml' });
}

function assertBucketExists(exchange: Exchange): void {
  exchange.service.storage.get(exchange.request.bucket ?? '');
}

function assertDefaultRetention(mode: string | undefined, days: string | undefined, years: string | undefined): void {
  const isMode = mode === 'GOVERNANCE' || mode === 'COMPLIANCE';
  const isOnePeriod = (days === undefined) !== (years === undefined);
  if (!isMode || !isOnePeriod) throw s3Error('MalformedXML');
  if (!/^[1-9]\d{0,4}$/.test(days ?? years ?? '')) {
    throw s3Error('InvalidArgument', 'Default retention period must be a positive integer value.');
  }
}
