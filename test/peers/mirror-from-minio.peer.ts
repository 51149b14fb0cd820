/** A bucket of MinIO mirrored into a vault, and restored into MinIO: the other store is not ours, and agrees with nobody. */
import { createHash } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { restoreObjects } from '../../runtime/components/objects/restore';
import { DEFAULT_MIRROR_SETTINGS } from '../../runtime/components/objects/types';
import { verifyObjects } from '../../runtime/components/objects/verify';
import { openS3Bucket } from '../../runtime/store/s3-bucket';
import { MirrorLab, type MirrorWorld } from '../runtime/components/objects/support';
import { Seeded } from '../support/seeded';
import { Minio } from './minio';

const MIB = 2 ** 20;

let minio: Minio;
let lab: MirrorLab;

beforeAll(async () => {
  minio = await Minio.start();
  lab = await MirrorLab.start();
});
afterAll(async () => {
  await lab.close();
  await minio.stop();
});

const put = (Bucket: string, Key: string, Body: Buffer | string, rest: object = {}) =>
  minio.client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(Body), ...rest }));
const remove = (Bucket: string, Key: string) => minio.client.send(new DeleteObjectCommand({ Bucket, Key }));

async function sourced(name: string) {
  const bucket = `${name}-at-minio`;
  await minio.createBucket(bucket);
  const world = await lab.world(name);
  const from = openS3Bucket({ bucket, prefix: '' }, minio.connection);
  const mirror = { from, way: 'through here', endpoint: 'https://minio.internal:9000' } as const;
  return { bucket, world, mirror };
}

async function contents(world: MirrorWorld): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { key, versionId } of await world.entries((await world.latest()).manifest)) {
    found[key] = createHash('sha256')
      .update(await world.stored(key, versionId))
      .digest('hex');
  }
  return found;
}

const sha256Of = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

test('odd keys, nothing, folders, metadata, tags and large objects are mirrored byte for byte, and go back', async () => {
  const { bucket, world, mirror } = await sourced('odd');
  const large = new Seeded(21).bytes(23 * MIB);
  const describing = { ContentType: 'image/png', CacheControl: 'no-store', Metadata: { owner: 'ann' } };
  const objects: Record<string, Buffer | string> = {
    'a b+c&d=é%20.txt': 'spaces',
    'a/b/c': 'deep',
    'a-b': 'before the folder',
    'a.b': 'before it, too',
    empty: '',
    large,
    'quote"\'<>': 'markup',
    '日本/ファイル': 'not ASCII',
    '😀': 'beyond U+FFFF',
    '\uffee': 'before it in bytes, after it in JavaScript',
  };
  for (const [key, content] of Object.entries(objects))
    await put(bucket, key, content, { ...describing, Tagging: 'team=a%20b' });
  await put(bucket, 'folder/', '');
  const manifest = await world.made({ mirror, settings: { partBytes: 5 * MIB } });
  const expected = Object.fromEntries(
    [...Object.entries(objects), ['folder/', '']].map(([key, value]) => [key, sha256Of(value)]),
  );
  expect(await contents(world)).toEqual(expected);
  expect(manifest.mirrors[0].missing.count).toBe(0);
  expect((await verifyObjects(await world.latest(), 'read', world.context())).outcome).toBe('passed');

  const back = `${bucket}-back`;
  await minio.createBucket(back);
  const to = openS3Bucket({ bucket: back, prefix: '' }, minio.connection);
  const request = {
    point: await world.latest(),
    vault: world.vault,
    to,
    way: 'through here',
    below: '',
    existing: 'refuse',
    settings: { ...DEFAULT_MIRROR_SETTINGS, partBytes: 5 * MIB },
  } as const;
  const count = Object.keys(expected).length;
  expect(await restoreObjects(request, world.context())).toMatchObject({ outcome: 'passed', restored: count });
  for (const key of ['large', '日本/ファイル']) {
    expect((await to.describe(key))?.attributes).toMatchObject({
      'content-type': 'image/png',
      'x-amz-meta-owner': 'ann',
    });
    expect(await to.tags(key)).toEqual({ team: 'a b' });
  }
  for (const [key, content] of Object.entries(objects)) expect(sha256Of(await read(to, key))).toBe(sha256Of(content));
  expect(await restoreObjects(request, world.context())).toMatchObject({ restored: 0, same: count });
});

test('only what changed is copied again; what was deleted is gone from the next point and still in the last', async () => {
  const { bucket, world, mirror } = await sourced('changes');
  for (let n = 0; n < 1200; n += 1) await put(bucket, `k/${n % 7}/${n}`, `object ${n}`);
  const { point } = await world.made({ mirror });
  expect((await world.made({ mirror })).mirrors[0].changes).toMatchObject({ copied: 0, unchanged: 1200 });
  await put(bucket, 'k/1/1', 'changed');
  await remove(bucket, 'k/2/2');
  expect((await world.made({ mirror })).mirrors[0].changes).toMatchObject({ copied: 1, unchanged: 1198, gone: 1 });
  expect(await contents(world)).toMatchObject({ 'k/1/1': sha256Of('changed') });
  const before = await world.entries((await world.latest(point)).manifest);
  expect(before.find(({ key }) => key === 'k/2/2')).toBeDefined();
});

/** Keys that MinIO takes: it refuses what a file system would not hold apart. */
const PARTS = ['a', 'b', 'a-', 'a.', 'A', 'é', '0', ' x', 'z~', '😀'];

test.each([1, 2, 3])(
  'whatever keys there are and however they change, each point is what was there (seed %d)',
  async (seed) => {
    const { bucket, world, mirror } = await sourced(`random-${seed}`);
    const random = new Seeded(seed);
    const there = new Map<string, string>();
    const randomKey = () => Array.from({ length: 1 + random.below(3) }, () => random.pick(PARTS)).join('/');
    const isFree = (key: string) =>
      // A file system cannot hold "a" beside "a/b".
      [...there.keys()].every(
        (other) => other === key || (!other.startsWith(`${key}/`) && !key.startsWith(`${other}/`)),
      );
    for (let run = 0; run < 3; run += 1) {
      for (let change = 0; change < 40; change += 1) {
        const key = random.below(3) === 0 && there.size > 30 ? random.pick([...there.keys()]) : randomKey();
        if (there.has(key) && random.below(2) === 0) {
          await remove(bucket, key);
          there.delete(key);
        } else if (isFree(key)) {
          const content = `content ${random.below(1e9)}`;
          await put(bucket, key, content);
          there.set(key, content);
        }
      }
      await world.made({ mirror, settings: { loss: 'accept' } });
      const expected = Object.fromEntries([...there].map(([key, content]) => [key, sha256Of(content)]));
      expect(await contents(world)).toEqual(expected);
    }
  },
);

async function read(bucket: ReturnType<typeof openS3Bucket>, key: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of (await bucket.open(key, {})).body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
