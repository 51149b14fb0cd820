import { createHash } from 'node:crypto';
import { readManifest } from '../../../../runtime/catalog/manifest-reader';
import { serialiseManifest, type ObjectsManifest } from '../../../../model';
import { restoreObjects } from '../../../../runtime/components/objects/restore';
import { DEFAULT_MIRROR_SETTINGS } from '../../../../runtime/components/objects/types';
import { verifyObjects } from '../../../../runtime/components/objects/verify';
import { openMirror } from '../../../../runtime/components/objects/open-mirrors';
import type { Bucket } from '../../../../runtime/store/bucket';
import { parseBucketUri } from '../../../../runtime/store/bucket-uri';
import { openS3Bucket } from '../../../../runtime/store/s3-bucket';
import type { ObjectStore, VersionEntry } from '../../../../runtime/store/store';
import { failureOf } from '../../../support/failure-of';
import { MirrorLab } from './support';

let lab: MirrorLab;

beforeAll(async () => {
  lab = await MirrorLab.start();
});
afterAll(() => lab.close());

/** The store, but its listing of versions says something else. */
function lying(store: ObjectStore, change: (entry: VersionEntry) => VersionEntry): ObjectStore {
  const versions = async function* (prefix: string) {
    for await (const entry of store.versions(prefix)) yield change(entry);
  };
  return Object.assign(Object.create(store) as ObjectStore, { versions });
}

test('a version of another size or ETag has failed; where the store tells none, nothing is proven', async () => {
  const world = await lab.world('versions');
  await world.put('a', 'some content');
  await world.made();
  const point = await world.latest();
  const outcome = async (change: (entry: VersionEntry) => VersionEntry) =>
    (await verifyObjects(point, 'stored', world.context({ store: lying(world.store, change) }))).outcome;
  expect(await outcome((entry) => entry)).toBe('passed');
  expect(await outcome((entry) => ({ ...entry, sizeBytes: 3 }))).toBe('failed');
  expect(await outcome((entry) => ({ ...entry, etag: '"another"' }))).toBe('failed');
  expect(await outcome((entry) => ({ ...entry, etag: undefined }))).toBe('could not verify');
});

test('an inventory that is shorter than its manifest says has failed', async () => {
  const world = await lab.world('shorter');
  await world.put('a', 'x');
  await world.made();
  const point = await world.latest();
  const [mirror] = point.manifest.mirrors;
  const mirrors = [{ ...mirror, inventory: [{ ...mirror.inventory[0], entries: 2 }] }];
  const report = await verifyObjects({ ...point, manifest: { ...point.manifest, mirrors } }, 'stored', world.context());
  expect(report.outcome).toBe('failed');
});

test('bytes that are not those of the SHA-256 which the source keeps are read again', async () => {
  const world = await lab.world('kept-digest');
  await world.put('a', 'as it is', { ChecksumAlgorithm: 'SHA256', ServerSideEncryption: 'aws:kms' });
  lab.faults.add({ operation: 'GetObject', key: 'a', fault: { kind: 'corrupt', offset: 1 } });
  const [{ versionId }] = await world.entries(await world.made({ mirror: { way: 'through here' } }));
  lab.faults.assertAllFired();
  lab.faults.clear();
  expect((await world.stored('a', versionId)).toString()).toBe('as it is');
});

test('an object whose bytes are not those that the source says they are is missing and told; the others are mirrored', async () => {
  const world = await lab.world('damaged-source');
  for (const key of ['a', 'b', 'c']) await world.put(key, `content of ${key}`);
  await lab.server.damage.flipBit({ bucket: world.sourceBucket, key: 'b' }, 3);
  const { mirrors } = await world.made({ mirror: { way: 'through here' } });
  expect(mirrors[0]).toMatchObject({
    objects: 2,
    missing: { count: 1, examples: [{ key: 'b', reason: 'damaged' }] },
  });
  expect((await verifyObjects(await world.latest(), 'stored', world.context())).outcome).toBe('could not verify');
});

test('a store that copies by itself and tells no digest of it is refused: nothing would prove the copy', async () => {
  const world = await lab.world('no-digest');
  await world.put('a', 'content');
  const copy = async (...args: Parameters<Bucket['copy']>) => ({
    ...(await world.vault.copy(...args)),
    sha256: undefined,
  });
  const failure = await failureOf(world.run({ vault: Object.assign(Object.create(world.vault) as Bucket, { copy }) }));
  expect(failure.code).toBe('store-failed');
  expect(failure.hint).toContain('--through-here');
  expect((await failureOf(world.latest())).code).toBe('point-missing');
});

test('when nothing at all can be read, that is said after a hundred objects, as what it is', async () => {
  const world = await lab.world('all-denied');
  for (let i = 0; i < 130; i++) await world.put(`k${String(i).padStart(3, '0')}`, 'x');
  lab.authorize = ({ action }) => action !== 's3:GetObject';
  expect((await failureOf(world.run())).code).toBe('store-denied');
});

test('what somebody else writes while it is restored is not written over', async () => {
  const world = await lab.world('race');
  await world.put('a', 'mine');
  await world.made();
  await lab.server.createBucket('race-target');
  const to = openS3Bucket({ bucket: 'race-target', prefix: '' }, world.connection);
  const theirs = Buffer.from('theirs');
  const sha256 = createHash('sha256').update(theirs).digest('hex');
  const act = async () => void (await to.put('a', { bytes: theirs, sha256 }, {}));
  lab.faults.add({ operation: 'GetObject', key: /mirrors\/uploads\/a$/, fault: { kind: 'interfere', act } });
  const report = await restoreObjects(
    {
      point: await world.latest(),
      vault: world.vault,
      to,
      way: 'through here',
      below: '',
      existing: 'refuse',
      settings: DEFAULT_MIRROR_SETTINGS,
    },
    world.context(),
  );
  lab.faults.assertAllFired();
  expect(report).toMatchObject({ outcome: 'failed', restored: 0, different: 1 });
  expect((await world.read('race-target', 'a')).toString()).toBe('theirs');
});

test('a manifest whose mirrors are not its objects, or do not add up, is refused', async () => {
  const world = await lab.world('manifest');
  await world.put('a', 'x');
  const good = await world.made();
  const { prefix } = await world.latest();
  const [mirror] = good.mirrors;
  const refused = (change: Partial<ObjectsManifest>) => () =>
    readManifest(serialiseManifest({ ...good, ...change }), prefix);
  expect(refused({})()).toEqual(good);
  const other = { ...mirror, inventory: [{ ...mirror.inventory[0], key: `${prefix}other` }] };
  for (const mirrors of [
    [],
    [other],
    [mirror, mirror],
    [{ ...mirror, prefix: 'another/mirrors/uploads/' }],
    [{ ...mirror, objects: 2 }],
    [{ ...mirror, changes: { ...mirror.changes, copied: 7 } }],
    [{ ...mirror, missing: { count: 1, examples: [{ key: 'a', reason: 'lazy' as 'denied' }] } }],
  ]) {
    expect(refused({ mirrors })).toThrow('is not valid');
  }
  expect(refused({ totals: { ...good.totals, items: 2 } })).toThrow('is not valid');
});

test('a mirror of another name has a place of its own, and knows nothing of the first', async () => {
  const world = await lab.world('several');
  await world.put('a', 'x');
  await world.made({ mirror: { name: 'one' } });
  const { manifest } = await world.latest();
  expect(manifest.mirrors.map(({ prefix }) => prefix)).toEqual(['orders/mirrors/one/']);
  expect((await world.made({ mirror: { name: 'two' } })).mirrors[0].changes).toMatchObject({ copied: 1, unchanged: 0 });
});

test('credentials of another store come from a secret, which no error repeats', async () => {
  const setting = { name: 'a', from: 's3://media/folder', endpoint: 'http://127.0.0.1:9', secret: 'reader' };
  const opened = await openMirror(setting, async () => '{"accessKeyId":"A","secretAccessKey":"B"}');
  expect(opened).toMatchObject({ way: 'through here', endpoint: 'http://127.0.0.1:9' });
  expect(opened.from.uri).toBe('s3://media/folder');
  for (const text of ['hunter2', '{"accessKeyId":"hunter2"}', '"hunter2"']) {
    const failure = await failureOf(openMirror(setting, async () => text));
    expect(failure.code).toBe('configuration-invalid');
    expect(`${failure.message} ${failure.detail ?? ''} ${failure.hint}`).not.toContain('hunter2');
  }
});

test.each([
  ['s3://acme', { bucket: 'acme', prefix: '' }],
  ['s3://acme/', { bucket: 'acme', prefix: '' }],
  ['s3://acme/a b/ü', { bucket: 'acme', prefix: 'a b/ü/' }],
  ['s3://acme/a/', { bucket: 'acme', prefix: 'a/' }],
])('%s is a bucket and a folder of it', (uri, location) => {
  expect(parseBucketUri(uri)).toEqual(location);
});

test('when most of what is listed is not there to be read, the run fails: so many are not deleted at once', async () => {
  const world = await lab.world('unreal');
  for (const key of ['a', 'b', 'c']) await world.put(key, 'x');
  const fault = { kind: 'error', code: 'NoSuchKey' } as const;
  lab.faults.add({ operation: 'GetObject', bucket: world.sourceBucket, times: 2, fault });
  expect(await failureOf(world.run({ mirror: { way: 'through here' } }))).toMatchObject({ code: 'objects-lost' });
  lab.faults.clear();
  lab.faults.add({ operation: 'GetObject', bucket: world.sourceBucket, times: 1, fault });
  expect((await world.made({ mirror: { way: 'through here' } })).mirrors[0].changes.vanished).toBe(1);
});
