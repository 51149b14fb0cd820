/** A bucket's lifecycle does what S3 does: by whole days, by tags, never with what is locked. */
import {
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { writeXml } from '../../../dev/s3/xml/write';
import { startPrivate, stopAll } from './support/private-server';

const DAY_MS = 86_400_000;
const NOON = new Date('2026-03-28T12:00:00Z').getTime();

afterEach(stopAll);

async function bucketWith(rules: Parameters<typeof writeXml>[1], settings: { objectLock?: boolean } = {}) {
  let nowMs = NOON;
  const { s3, server } = await startPrivate({ now: () => new Date(nowMs) });
  s3.config.systemClockOffset = NOON - Date.now();
  const documents = { lifecycle: writeXml('LifecycleConfiguration', rules) };
  await server.createBucket('kept', { versioning: true, ...settings, documents });
  const put = (Key: string, rest: object = {}) =>
    s3.send(new PutObjectCommand({ Bucket: 'kept', Key, Body: 'x', ...rest }));
  /** Days after noon of the first; the rules run then. */
  const after = (days: number): Promise<string[]> => {
    nowMs = NOON + days * DAY_MS;
    s3.config.systemClockOffset = nowMs - Date.now();
    return server.applyLifecycle('kept');
  };
  return { s3, put, after };
}

const MARKED = {
  Rule: {
    ID: 'expire-marked',
    Status: 'Enabled',
    Filter: { Tag: { Key: 'expire', Value: 'true' } },
    Expiration: { Days: 1 },
    NoncurrentVersionExpiration: { NoncurrentDays: 7 },
  },
};

test('what is tagged gets a delete marker after whole days from midnight, and is gone when it was not current for its days', async () => {
  const { s3, put, after } = await bucketWith(MARKED);
  await put('a', { Tagging: 'expire=true' });
  await put('b', { Tagging: 'expire=no' });
  expect(await after(1)).toEqual([]);
  // A day after noon, rounded up to the next midnight.
  expect(await after(1.5)).toEqual(['expired a']);
  expect(await after(8)).toEqual([]);
  expect(await after(9)).toEqual([expect.stringMatching(/^deleted a /)]);
  const { Versions, DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket: 'kept' }));
  expect(Versions?.map(({ Key }) => Key)).toEqual(['b']);
  expect(DeleteMarkers?.map(({ Key }) => Key)).toEqual(['a']);
});

test('what is locked stays', async () => {
  const { put, after } = await bucketWith(MARKED, { objectLock: true });
  await put('a', {
    Tagging: 'expire=true',
    ObjectLockMode: 'GOVERNANCE',
    ObjectLockRetainUntilDate: new Date(NOON + 30 * DAY_MS),
  });
  await after(2);
  expect(await after(20)).toEqual([]);
  expect(await after(31)).toEqual([expect.stringMatching(/^deleted a /)]);
});

test('a marker with nothing below goes, unfinished uploads are given up, storage classes change', async () => {
  const { s3, put, after } = await bucketWith({
    Rule: [
      { ID: 'all', Status: 'Enabled', Filter: { Prefix: '' }, NoncurrentVersionExpiration: { NoncurrentDays: 1 } },
      {
        ID: 'clean',
        Status: 'Enabled',
        Filter: { Prefix: '' },
        Expiration: { ExpiredObjectDeleteMarker: true },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
      },
      {
        ID: 'cheaper',
        Status: 'Enabled',
        Filter: { Prefix: 'cold/' },
        Transition: { Days: 35, StorageClass: 'STANDARD_IA' },
      },
      { ID: 'off', Status: 'Disabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } },
    ],
  });
  await put('cold/a');
  await put('warm/a');
  await s3.send(new CreateMultipartUploadCommand({ Bucket: 'kept', Key: 'begun' }));
  expect(await after(2)).toEqual([]);
  expect(await after(3)).toEqual(['gave up the upload of begun']);
  expect(await after(36)).toEqual(['moved cold/a to STANDARD_IA']);
  const { StorageClass } = await s3.send(new HeadObjectCommand({ Bucket: 'kept', Key: 'cold/a' }));
  expect(StorageClass).toBe('STANDARD_IA');
  expect((await s3.send(new ListMultipartUploadsCommand({ Bucket: 'kept' }))).Uploads).toBeUndefined();
});

test('a rule that it does not know is refused, not taken for a wider one', async () => {
  const { after } = await bucketWith({
    Rule: { ID: 'x', Status: 'Enabled', Filter: { ObjectSizeGreaterThan: 10 }, Expiration: { Days: 1 } },
  });
  await expect(after(1)).rejects.toThrow('does not know ObjectSizeGreaterThan');
});
