/** Buckets themselves: create, describe, list, delete. */
import { emptyAnswer, xmlAnswer, type Answer } from '../answer';
import { s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { BucketRecord } from '../storage/records';
import { parseXml, textOf } from '../xml/parse';
import { OWNER } from './listing';

export async function createBucket(exchange: Exchange): Promise<Answer> {
  const { storage, region } = exchange.service;
  const name = exchange.request.bucket ?? '';
  await assertLocation(exchange);
  const objectLock = exchange.header('x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true';
  await storage.create(newBucket({ name, region, createdAt: exchange.now(), objectLock }));
  return emptyAnswer(200, { location: `/${name}` });
}

export async function deleteBucket(exchange: Exchange): Promise<Answer> {
  await exchange.service.storage.remove(exchange.bucket);
  return emptyAnswer(204);
}

export async function headBucket(exchange: Exchange): Promise<Answer> {
  return emptyAnswer(200, { 'x-amz-bucket-region': exchange.bucket.record.region });
}

export async function listBuckets(exchange: Exchange): Promise<Answer> {
  const buckets = exchange.service.storage.list().map(({ record }) => ({
    Name: record.name,
    CreationDate: record.createdAt,
    BucketRegion: record.region,
  }));
  return xmlAnswer('ListAllMyBucketsResult', { Owner: OWNER, Buckets: { Bucket: buckets } });
}

/** Object Lock needs versions, so it comes with versioning. */
export function newBucket(settings: Pick<BucketRecord, 'name' | 'region' | 'createdAt' | 'objectLock'>): BucketRecord {
  return { ...settings, versioning: settings.objectLock ? 'Enabled' : 'Unversioned', documents: {} };
}

async function assertLocation(exchange: Exchange): Promise<void> {
  const { region } = exchange.service;
  const text = await exchange.receiveText();
  if (text === '') return;
  const asked = textOf(parseXml(text, 'CreateBucketConfiguration'), 'LocationConstraint');
  if (asked !== undefined && asked !== '' && asked !== region) {
    throw s3Error('InvalidArgument', `The development server is in region "${region}", not in "${asked}".`);
  }
}
