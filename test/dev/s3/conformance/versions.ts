/** Versions, delete markers, and what Object Lock refuses. */
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  type BucketVersioningStatus,
} from '@aws-sdk/client-s3';
import { refusal, type Bench, type Check } from '../support/suite';

const DAY_MS = 86_400_000;

export function versions(check: Check): void {
  check('every write is a version, and each can be read', async (bench) => {
    const { s3, bucket } = bench;
    await setVersioning(bench, 'Enabled');
    const ids = [await put(bench, 'one'), await put(bench, 'two')];
    expect(new Set(ids).size).toBe(2);
    for (const [i, VersionId] of ids.entries()) {
      const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', VersionId }));
      expect(await got.Body?.transformToString()).toBe(['one', 'two'][i]);
      expect(got.VersionId).toBe(VersionId);
    }
    expect((await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }))).VersionId).toBe(ids[1]);
  });

  check('a deletion sets a marker; deleting the marker brings the object back', async (bench) => {
    const { s3, bucket } = bench;
    const where = { Bucket: bucket, Key: 'k' };
    await setVersioning(bench, 'Enabled');
    await put(bench, 'one');
    const marker = await s3.send(new DeleteObjectCommand(where));
    expect(marker.DeleteMarker).toBe(true);
    expect(await refusal(s3.send(new GetObjectCommand(where)))).toEqual({ code: 'NoSuchKey', status: 404 });
    const VersionId = marker.VersionId;
    expect((await s3.send(new ListObjectsV2Command({ Bucket: bucket }))).KeyCount).toBe(0);
    const removed = await s3.send(new DeleteObjectCommand({ ...where, VersionId }));
    expect(removed).toMatchObject({ DeleteMarker: true, VersionId });
    expect(await (await s3.send(new GetObjectCommand(where))).Body?.transformToString()).toBe('one');
  });

  check('a delete marker cannot be read', async (bench) => {
    const { s3, bucket } = bench;
    const where = { Bucket: bucket, Key: 'k' };
    await setVersioning(bench, 'Enabled');
    const { VersionId } = await s3.send(new DeleteObjectCommand(where));
    const read = s3.send(new GetObjectCommand({ ...where, VersionId }));
    expect(await refusal(read)).toEqual({ code: 'MethodNotAllowed', status: 405 });
  });

  check('a deleted version is gone, the others stay', async (bench) => {
    const { s3, bucket } = bench;
    await setVersioning(bench, 'Enabled');
    const first = await put(bench, 'one');
    const second = await put(bench, 'two');
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k', VersionId: second }));
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(got.VersionId).toBe(first);
    const gone = s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', VersionId: second }));
    expect(await refusal(gone)).toEqual({ code: 'NoSuchVersion', status: 404 });
  });

  check('suspended versioning writes over the null version only', async (bench) => {
    const { s3, bucket } = bench;
    await put(bench, 'before');
    await setVersioning(bench, 'Enabled');
    const kept = await put(bench, 'kept');
    await setVersioning(bench, 'Suspended');
    await put(bench, 'null 1');
    await put(bench, 'null 2');
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(listed.Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      ['null', true],
      [kept, false],
    ]);
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', VersionId: 'null' }));
    expect(await got.Body?.transformToString()).toBe('null 2');
  });

  check('If-None-Match: * writes over a delete marker', async (bench) => {
    const { s3, bucket } = bench;
    await setVersioning(bench, 'Enabled');
    await put(bench, 'one');
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k' }));
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'two', IfNoneMatch: '*' }));
  });

  check('versions are listed page by page, none twice and none left out', async (bench) => {
    const { s3, bucket } = bench;
    await setVersioning(bench, 'Enabled');
    const written: string[] = [];
    for (const key of ['a', 'b/1', 'b/2', 'c']) {
      for (const body of ['1', '2', '3']) written.push(`${key} ${await put(bench, body, key)}`);
    }
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'c' }));
    const seen: string[] = [];
    let page: { NextKeyMarker?: string; NextVersionIdMarker?: string; IsTruncated?: boolean } = {};
    do {
      const [KeyMarker, VersionIdMarker] = [page.NextKeyMarker, page.NextVersionIdMarker];
      const listed = await s3.send(
        new ListObjectVersionsCommand({ Bucket: bucket, MaxKeys: 5, KeyMarker, VersionIdMarker }),
      );
      seen.push(...(listed.Versions ?? []).map(({ Key, VersionId }) => `${Key} ${VersionId}`));
      page = listed;
    } while (page.IsTruncated);
    expect(seen.sort()).toEqual(written.sort());
    const grouped = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket, Delimiter: '/' }));
    expect(grouped.CommonPrefixes).toEqual([{ Prefix: 'b/' }]);
    expect(grouped.DeleteMarkers?.map(({ Key, IsLatest }) => [Key, IsLatest])).toEqual([['c', true]]);
  });

  check('retention refuses the deletion of a version, not a delete marker', async (bench) => {
    const locked = await lockedBucket(bench);
    const VersionId = await putLocked(locked, 'GOVERNANCE');
    const { s3, bucket } = locked;
    const where = { Bucket: bucket, Key: 'k', VersionId };
    expect(await refusal(s3.send(new DeleteObjectCommand(where)))).toEqual({ code: 'AccessDenied', status: 403 });
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k' }));
    const many = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: [{ Key: 'k', VersionId }] } }),
    );
    expect(many.Errors).toMatchObject([{ Key: 'k', Code: 'AccessDenied' }]);
    await s3.send(new DeleteObjectCommand({ ...where, BypassGovernanceRetention: true }));
    expect((await refusal(s3.send(new HeadObjectCommand(where)))).status).toBe(404);
  });

  check('compliance cannot be bypassed, shortened or weakened', async (bench) => {
    const locked = await lockedBucket(bench);
    const VersionId = await putLocked(locked, 'COMPLIANCE');
    const { s3, bucket } = locked;
    const where = { Bucket: bucket, Key: 'k', VersionId };
    const bypass = { ...where, BypassGovernanceRetention: true };
    expect(await refusal(s3.send(new DeleteObjectCommand(bypass)))).toEqual({ code: 'AccessDenied', status: 403 });
    const retain = (Mode: 'COMPLIANCE' | 'GOVERNANCE', days: number) =>
      s3.send(new PutObjectRetentionCommand({ ...bypass, Retention: { Mode, RetainUntilDate: inDays(days) } }));
    expect(await refusal(retain('COMPLIANCE', 1))).toEqual({ code: 'AccessDenied', status: 403 });
    expect(await refusal(retain('GOVERNANCE', 9))).toEqual({ code: 'AccessDenied', status: 403 });
    await retain('COMPLIANCE', 9);
    const { Retention } = await s3.send(new GetObjectRetentionCommand(where));
    expect(Retention?.RetainUntilDate?.getTime()).toBeGreaterThan(inDays(8).getTime());
  });

  check('a legal hold refuses until it is lifted', async (bench) => {
    const { s3, bucket } = await lockedBucket(bench);
    const { VersionId } = await s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', ObjectLockLegalHoldStatus: 'ON' }),
    );
    const where = { Bucket: bucket, Key: 'k', VersionId };
    const remove = () => s3.send(new DeleteObjectCommand({ ...where, BypassGovernanceRetention: true }));
    expect(await refusal(remove())).toEqual({ code: 'AccessDenied', status: 403 });
    expect((await s3.send(new GetObjectLegalHoldCommand(where))).LegalHold?.Status).toBe('ON');
    await s3.send(new PutObjectLegalHoldCommand({ ...where, LegalHold: { Status: 'OFF' } }));
    await remove();
  });

  check("the bucket's default retention holds for every object", async (bench) => {
    const { s3, bucket } = await lockedBucket(bench);
    const Rule = { DefaultRetention: { Mode: 'GOVERNANCE' as const, Days: 7 } };
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' as const, Rule };
    await s3.send(new PutObjectLockConfigurationCommand({ Bucket: bucket, ObjectLockConfiguration }));
    const stored = await s3.send(new GetObjectLockConfigurationCommand({ Bucket: bucket }));
    expect(stored.ObjectLockConfiguration).toMatchObject(ObjectLockConfiguration);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' }));
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(head.ObjectLockMode).toBe('GOVERNANCE');
    expect(head.ObjectLockRetainUntilDate?.getTime()).toBeGreaterThan(inDays(6).getTime());
  });

  check('a lock needs a bucket with Object Lock, and its versioning stays', async (bench) => {
    const { s3, bucket } = bench;
    const lock = { ObjectLockMode: 'GOVERNANCE' as const, ObjectLockRetainUntilDate: inDays(1) };
    const put = s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', ...lock }));
    expect(await refusal(put)).toEqual({ code: 'InvalidRequest', status: 400 });
    const locked = await lockedBucket(bench);
    expect(await refusal(setVersioning(locked, 'Suspended'))).toEqual({ code: 'InvalidBucketState', status: 409 });
  });
}

async function setVersioning({ s3, bucket }: Bench, Status: BucketVersioningStatus): Promise<void> {
  await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status } }));
}

async function put({ s3, bucket }: Bench, Body: string, Key = 'k'): Promise<string | undefined> {
  return (await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))).VersionId;
}

async function lockedBucket(bench: Bench): Promise<Bench> {
  const bucket = `${bench.bucket}-locked`;
  await bench.s3.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
  return { ...bench, bucket };
}

async function putLocked({ s3, bucket }: Bench, mode: 'GOVERNANCE' | 'COMPLIANCE'): Promise<string | undefined> {
  const lock = { ObjectLockMode: mode, ObjectLockRetainUntilDate: inDays(5) };
  return (await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', ...lock }))).VersionId;
}

function inDays(days: number): Date {
  return new Date(Date.now() + days * DAY_MS);
}
