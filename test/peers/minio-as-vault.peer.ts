/** A vault at MinIO, with object lock: what the store code asks of S3, asked of somebody who did not write it. */
import { createHash } from 'node:crypto';
import { PutObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import { EXPIRY_TAG } from '../../model';
import { backupObjects } from '../../runtime/components/objects/backup';
import { DEFAULT_MIRROR_SETTINGS, type MirrorRequest } from '../../runtime/components/objects/types';
import { verifyObjects } from '../../runtime/components/objects/verify';
import { findPoint } from '../../runtime/catalog/catalog';
import { silentReporter } from '../../runtime/observe/reporter';
import { endMirrored } from '../../runtime/retention/mirrored/end-mirrored';
import { crc32, crc32Base64 } from '../../runtime/store/crc32';
import { openS3Bucket } from '../../runtime/store/s3-bucket';
import { openS3Store } from '../../runtime/store/s3-store';
import type { ObjectStore } from '../../runtime/store/store';
import { failureOf } from '../support/failure-of';
import { Seeded } from '../support/seeded';
import { Minio } from './minio';

const MIB = 2 ** 20;
const PART_BYTES = 5 * MIB;

let minio: Minio;
let store: ObjectStore;

beforeAll(async () => {
  minio = await Minio.start();
  await minio.createBucket('vault', 'locked');
  const Rule = { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } } as const;
  const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule } as const;
  await minio.client.send(new PutObjectLockConfigurationCommand({ Bucket: 'vault', ObjectLockConfiguration }));
  await minio.createBucket('source', 'plain');
  store = openS3Store('s3://vault/team', minio.connection);
});
afterAll(() => minio.stop());

const part = (bytes: Buffer) => ({
  chunks: [bytes],
  sizeBytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  crc32: crc32(bytes),
});

test('what is there is not written over, and what was written is told with its checksum and its lock', async () => {
  const content = Buffer.from('first');
  const { versionId } = await store.put('orders/a', content, { ifAbsent: true, metadata: { sha256: 'ab' } });
  expect(await failureOf(store.put('orders/a', Buffer.from('second'), { ifAbsent: true }))).toMatchObject({
    code: 'store-conflict',
  });
  const described = await store.head('orders/a');
  expect(described).toMatchObject({
    versionId,
    sizeBytes: 5,
    crc32: crc32Base64(crc32(content)),
    lockMode: 'COMPLIANCE',
  });
  expect(described?.metadata).toEqual({ sha256: 'ab' });
  expect(described?.lockedUntil?.getTime()).toBeGreaterThan(Date.now());
  expect(await store.head('orders/none')).toBeUndefined();
  expect((await failureOf(store.get('orders/none'))).code).toBe('object-missing');
});

test('an object in parts has one checksum of the whole, and is refused when a part or the whole is not what was said', async () => {
  const [first, second] = [new Seeded(1).bytes(PART_BYTES), new Seeded(2).bytes(1000)];
  const whole = Buffer.concat([first, second]);
  const upload = await store.createMultipart('orders/parts');
  const sent = [part(first), part(second)];
  expect((await failureOf(upload.uploadPart(1, { ...sent[0], sha256: sent[1].sha256 }))).code).toMatch(/^store-/);
  const etags = await Promise.all(sent.map((one, index) => upload.uploadPart(index + 1, one)));
  const parts = sent.map((one, index) => ({ partNumber: index + 1, etag: etags[index].etag, crc32: one.crc32 }));
  const bad = { sizeBytes: whole.length, crc32: crc32(whole) ^ 1 };
  await failureOf(upload.complete(parts, bad));
  expect(await store.head('orders/parts')).toBeUndefined();
  await upload.abort();
  const again = await store.createMultipart('orders/parts', { ifAbsent: true });
  const etagsAgain = await Promise.all(sent.map((one, index) => again.uploadPart(index + 1, one)));
  await again.complete(
    sent.map((one, index) => ({ partNumber: index + 1, etag: etagsAgain[index].etag, crc32: one.crc32 })),
    { sizeBytes: whole.length, crc32: crc32(whole) },
  );
  expect(await store.head('orders/parts')).toMatchObject({ sizeBytes: whole.length, crc32: crc32Base64(crc32(whole)) });
});

test('a mirror through here is made, verified by its listing and by every byte, and its versions can be marked; by the store it is refused, which tells no digest', async () => {
  const name = 'through';
  const from = openS3Bucket({ bucket: 'source', prefix: `${name}/` }, minio.connection);
  const vault = openS3Bucket({ bucket: 'vault', prefix: 'team/' }, minio.connection);
  const source = `orders-${name}`;
  const large = new Seeded(5).bytes(12 * MIB);
  const write = async (key: string, bytes: Buffer) =>
    from.put(key, { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }, {});
  await write('large', large);
  for (let n = 0; n < 20; n += 1) await write(`small/${n}`, Buffer.from(`content ${n}`));
  const mirror: MirrorRequest = {
    name: 'uploads',
    from,
    endpoint: null,
    way: 'through here',
    include: [],
    exclude: [],
    tags: 'keep',
  };
  const settings = { ...DEFAULT_MIRROR_SETTINGS, partBytes: PART_BYTES, wholeCopyBytes: PART_BYTES };
  let minutes = 0;
  const run = (way: MirrorRequest['way'] = 'through here') => {
    const at = new Date(Date.now() + (minutes += 1) * 60_000);
    const context = { store, signal: new AbortController().signal, reporter: silentReporter, now: () => at };
    return backupObjects({ source, class: 'daily', mirrors: [{ ...mirror, way }], vault, settings }, context);
  };
  const refused = await failureOf(run('by the store'));
  expect(refused).toMatchObject({ code: 'store-failed', hint: expect.stringContaining('--through-here') as string });
  expect(await run()).toMatchObject({ outcome: 'made', manifest: { totals: { items: 21 } } });
  await write('small/7', Buffer.from('changed'));
  expect(await run()).toMatchObject({ manifest: { mirrors: [{ changes: { copied: 1, unchanged: 20 } }] } });
  const context = { store, signal: new AbortController().signal, now: () => new Date(), reporter: silentReporter };
  const point = await findPoint(store, source, 'objects', 'latest');
  for (const depth of ['stored', 'read'] as const) {
    expect((await verifyObjects(point, depth, context)).outcome).toBe('passed');
  }
  const later = { ...context, now: () => new Date(Date.now() + 30 * 86_400_000) };
  // No recovery point is verified: nothing is over.
  expect(await endMirrored({ source, mode: 'mark' }, later)).toMatchObject({ versions: 0 });
  const first = point.manifest.mirrors[0].prefix;
  const versions = [];
  for await (const version of store.versions(first)) versions.push(version);
  // With the 20 small ones that the refused run had copied.
  expect(versions).toHaveLength(22 + 20);
  // A locked version can be marked; the store deletes it when its lock is over, not before.
  await store.tag(versions[0].key, versions[0].versionId, { [EXPIRY_TAG.key]: EXPIRY_TAG.value });
  expect(await store.tags(versions[0].key, versions[0].versionId)).toEqual({ [EXPIRY_TAG.key]: EXPIRY_TAG.value });
});
