import { createHash } from 'node:crypto';
import { verifyObjects } from '../../../../runtime/components/objects/verify';
import { restoreObjects } from '../../../../runtime/components/objects/restore';
import type { ObjectsRestoreReport, ObjectsRestoreRequest } from '../../../../runtime/components/objects/types';
import { DEFAULT_MIRROR_SETTINGS } from '../../../../runtime/components/objects/types';
import { openS3Bucket } from '../../../../runtime/store/s3-bucket';
import { failureOf } from '../../../support/failure-of';
import { MirrorLab, type MirrorWorld } from './support';

let lab: MirrorLab;

beforeAll(async () => {
  lab = await MirrorLab.start();
});
afterAll(() => lab.close());

async function restore(
  world: MirrorWorld,
  options: Partial<Omit<ObjectsRestoreRequest, 'point'>> & { point?: string } = {},
): Promise<ObjectsRestoreReport> {
  const { point, ...rest } = options;
  const request: ObjectsRestoreRequest = {
    vault: world.vault,
    to: openS3Bucket({ bucket: await targetOf(world), prefix: 'back/' }, world.connection),
    way: 'by the store',
    below: '',
    existing: 'refuse',
    settings: DEFAULT_MIRROR_SETTINGS,
    ...rest,
    point: await world.latest(point),
  };
  return restoreObjects(request, world.context());
}

async function targetOf(world: MirrorWorld): Promise<string> {
  const name = `${world.sourceBucket}-target`;
  if (!lab.server.buckets().includes(name)) await lab.server.createBucket(name);
  return name;
}

describe.each(['by the store', 'through here'] as const)('restored %s', (way) => {
  const name = way.slice(0, 2) + way.slice(-4).trim();

  test('objects come back as of an older point, with what describes them and their tags', async () => {
    const world = await lab.world(`old-${name}`);
    const describing = {
      ContentType: 'image/png',
      CacheControl: 'no-store',
      Metadata: { owner: 'ann' },
      Tagging: 'a=1',
    };
    await world.put('x', 'first', describing);
    await world.put('deleted later', 'still here');
    await world.put('large', Buffer.alloc(20 * 2 ** 20, 5), describing);
    const { point } = await world.made({ settings: { wholeCopyBytes: 6 * 2 ** 20 } });
    await world.put('x', 'second');
    await world.remove('deleted later');
    await world.made({ settings: { wholeCopyBytes: 6 * 2 ** 20 } });
    const report = await restore(world, {
      point,
      way,
      settings: { ...DEFAULT_MIRROR_SETTINGS, wholeCopyBytes: 6 * 2 ** 20 },
    });
    expect(report).toMatchObject({ outcome: 'passed', restored: 3, same: 0, different: 0, damaged: 0 });
    const target = await targetOf(world);
    expect((await world.read(target, 'back/x')).toString()).toBe('first');
    expect((await world.read(target, 'back/deleted later')).toString()).toBe('still here');
    expect((await world.read(target, 'back/large')).equals(Buffer.alloc(20 * 2 ** 20, 5))).toBe(true);
    const back = openS3Bucket({ bucket: target, prefix: 'back/' }, world.connection);
    for (const key of ['x', 'large']) {
      expect((await back.describe(key))?.attributes).toEqual({
        'content-type': 'image/png',
        'cache-control': 'no-store',
        'x-amz-meta-owner': 'ann',
      });
      expect(await back.tags(key)).toEqual({ a: '1' });
    }
  });

  test('the same content is left alone, other content is not written over unless told', async () => {
    const world = await lab.world(`over-${name}`);
    await world.put('a', 'mine');
    await world.put('b', 'mine');
    await world.made();
    expect(await restore(world, { way })).toMatchObject({ outcome: 'passed', restored: 2 });
    const target = await targetOf(world);
    const back = openS3Bucket({ bucket: target, prefix: 'back/' }, world.connection);
    const theirs = Buffer.from('them');
    await back.put('b', { bytes: theirs, sha256: createHash('sha256').update(theirs).digest('hex') }, {});
    expect(await restore(world, { way })).toMatchObject({
      outcome: 'failed',
      restored: 0,
      same: 1,
      different: 1,
      findings: [{ key: 'b', finding: 'other content is there; --overwrite replaces it' }],
    });
    expect((await world.read(target, 'back/b')).toString()).toBe('them');
    expect(await restore(world, { way, existing: 'overwrite' })).toMatchObject({
      outcome: 'passed',
      restored: 1,
      same: 1,
    });
    expect((await world.read(target, 'back/b')).toString()).toBe('mine');
  });

  test('a flipped bit in the vault is not handed out as good', async () => {
    const world = await lab.world(`flip-${name}`);
    await world.put('bad', 'to be damaged');
    await world.put('good', 'untouched');
    const manifest = await world.made();
    const [bad] = await world.entries(manifest);
    const key = 'team/orders/mirrors/uploads/bad';
    await lab.server.damage.flipBit({ bucket: world.vaultBucket, key, versionId: bad.versionId }, 3);
    const report = await restore(world, { way });
    expect(report).toMatchObject({ outcome: 'failed', restored: 1, damaged: 1 });
    expect(report.findings.map((finding) => finding.key)).toEqual(['bad']);
    const read = await verifyObjects(await world.latest(), 'read', world.context());
    expect(read.outcome).toBe('failed');
    expect(read.objects.filter(({ outcome }) => outcome === 'failed').map((object) => object.key)).toContain('bad');
  });
});

test('a part of a mirror is restored by prefix; a prefix that nothing has is an error', async () => {
  const world = await lab.world('prefix');
  for (const key of ['a/1', 'b/1', 'b/2', 'c/1']) await world.put(key, key);
  await world.made({ settings: { segmentEntries: 1 } });
  expect(await restore(world, { below: 'b/' })).toMatchObject({ outcome: 'passed', restored: 2 });
  expect((await failureOf(restore(world, { below: 'nowhere/' }))).code).toBe('object-missing');
});

test('a verification finds a version that is gone, and one that is another', async () => {
  const world = await lab.world('verify');
  for (const key of ['a', 'b', 'c']) await world.put(key, key);
  await world.made();
  const point = await world.latest();
  for (const depth of ['stored', 'read'] as const) {
    expect((await verifyObjects(point, depth, world.context())).outcome).toBe('passed');
  }
  await lab.server.damage.lose({ bucket: world.vaultBucket, key: 'team/orders/mirrors/uploads/b' });
  for (const depth of ['stored', 'read'] as const) {
    const report = await verifyObjects(point, depth, world.context());
    expect(report.outcome).toBe('failed');
    expect(report.objects.filter(({ outcome }) => outcome === 'failed').map(({ key }) => key)).toEqual([
      'orders/mirrors/uploads/',
      'b',
    ]);
  }
});
