/** What is done with recovery points of lists: their age, verification, drills, restores. */
import { createHash } from 'node:crypto';
import { MANIFEST_NAME, pointPrefix, type Drill, type VerifyDepth } from '../../../../../model';
import { listPoints } from '../../../../../runtime/catalog/catalog';
import { readManifest } from '../../../../../runtime/catalog/manifest-reader';
import { readText } from '../../../../../runtime/catalog/read-text';
import { sha256Of } from '../../../../../runtime/catalog/verification-record';
import type { SampleRequest } from '../../../../../runtime/components/component';
import { restoreObjects } from '../../../../../runtime/components/objects/restore';
import { DEFAULT_MIRROR_SETTINGS, type ObjectsRestoreRequest } from '../../../../../runtime/components/objects/types';
import { verifyObjects } from '../../../../../runtime/components/objects/verify';
import { runDrill } from '../../../../../runtime/drill/drill';
import type { DrillRequest } from '../../../../../runtime/drill/types';
import { measureStatus } from '../../../../../runtime/observe/status/measure-status';
import { readStatus } from '../../../../../runtime/observe/status/read-status';
import { openS3Bucket } from '../../../../../runtime/store/s3-bucket';
import { beginHolding } from '../../../../../runtime/system/pre-deployment';
import { comparison } from '../../../drill/base-backup/support';
import { findings } from '../../../drill/support/drill-lab';
import { storeVerification } from '../../../retention/support';
import { MirrorLab } from '../support';
import { filledReplica, LISTED_AT, SHA256, ReplicaWorld } from './replica-world';

let lab: MirrorLab;

beforeAll(async () => {
  lab = await MirrorLab.start();
});
afterAll(() => lab.close());

async function verify({ world, openReplica }: ReplicaWorld, depth: VerifyDepth, sample?: SampleRequest) {
  return verifyObjects(await world.latest(), depth, { ...world.context(), openReplica, sample });
}

async function drill({ world }: ReplicaWorld, options: Partial<DrillRequest> = {}): Promise<Drill> {
  const request: DrillRequest = {
    source: 'orders',
    component: 'objects',
    point: 'latest',
    checks: [],
    jobs: 1,
    allowedExtensions: [],
    extent: 'full',
    vault: world.vault,
    openReplica: openFolder(world),
    where: { host: 'lab', user: 'tester', task: null },
    ...options,
  };
  return (await runDrill(request, world.context())).drill;
}

const openFolder =
  ({ connection }: ReplicaWorld['world']) =>
  (uri: string) =>
    Promise.resolve(openS3Bucket({ bucket: uri.split('/')[2], prefix: 'in/' }, connection));

async function restore({ world }: ReplicaWorld, options: Partial<ObjectsRestoreRequest> = {}) {
  const bucket = `${world.sourceBucket}-target`;
  if (!lab.server.buckets().includes(bucket)) await lab.server.createBucket(bucket);
  const request: ObjectsRestoreRequest = {
    point: await world.latest(),
    vault: world.vault,
    openReplica: openFolder(world),
    to: openS3Bucket({ bucket, prefix: '' }, world.connection),
    way: 'by the store',
    below: '',
    existing: 'refuse',
    settings: DEFAULT_MIRROR_SETTINGS,
    ...options,
  };
  return { bucket, report: await restoreObjects(request, world.context()) };
}

test('its age is that of the list: in status, in the metrics that alarms watch, and for who waits for a young one', async () => {
  const { replica } = await filledReplica(lab, 'aged');
  await replica.list();
  const manifest = await replica.run();
  const { store } = replica.world;
  const now = new Date(Date.now() + 60_000);
  const status = await readStatus(store, 'orders', now, ['objects']);
  const [{ newest, oldest }] = status.components;
  expect(newest?.begunAt).toEqual(new Date(LISTED_AT));
  expect(oldest?.begunAt).not.toEqual(new Date(LISTED_AT));
  const ageSeconds = Math.round((now.getTime() - LISTED_AT) / 1000);
  expect(measureStatus(status)[0].values).toMatchObject({ newestAge: ageSeconds });
  const [address] = await listPoints(store, 'orders', 'objects');
  const text = (await readText(store, `${pointPrefix(address)}${MANIFEST_NAME}`)) ?? '';
  await storeVerification(store, address, 'passed', sha256Of(text));
  const verified = measureStatus(await readStatus(store, 'orders', now, ['objects']));
  expect(verified[0].values).toMatchObject({ newestVerifiedAge: ageSeconds });
  const accepts = async (seconds: number) => {
    const times = { synthesisedAt: '', acceptYoungerThanSeconds: String(seconds), timeoutSeconds: '60' };
    const task = { description: 'task', state: () => Promise.resolve({ ended: false, status: 'running' } as const) };
    const starter = { start: () => Promise.resolve(task) };
    const context = { store, source: 'orders', components: ['objects'] as const, starter, task: () => task };
    const waiting = { wait: () => Promise.resolve(), tell: () => undefined };
    const held = await beginHolding(
      { RequestType: 'Create', ResourceProperties: { trigger: 'b', ...times } },
      { ...context, ...waiting, now: () => new Date(manifest.finishedAt) },
    );
    return held.phase === 'nothing';
  };
  const listSeconds = (Date.parse(manifest.finishedAt) - LISTED_AT) / 1000;
  expect([await accepts(listSeconds), await accepts(listSeconds - 1)]).toEqual([true, false]);
  const forged = {
    ...manifest,
    mirrors: manifest.mirrors.map((one) => ({ ...one, replica: { uri: '', listedAt: '' } })),
  };
  expect(() => readManifest(JSON.stringify(forged), pointPrefix(address))).toThrow(/is not valid/);
});

test('verification looks every version up in the replica, and reads each against the checksum that S3 keeps', async () => {
  const { replica, versions } = await filledReplica(lab, 'verified');
  await replica.list();
  await replica.run();
  expect((await verify(replica, 'stored')).outcome).toBe('passed');
  expect((await verify(replica, 'read')).outcome).toBe('passed');
  await replica.put('plain', 'without a checksum', { ChecksumAlgorithm: undefined });
  await replica.list({ at: LISTED_AT + 3_600_000 });
  await replica.run();
  const unproven = await verify(replica, 'read');
  expect(unproven.outcome).toBe('could not verify');
  expect(unproven.objects.map(({ finding }) => finding)).toContainEqual(
    expect.stringMatching(/of 1 of 10 objects the store keeps no checksum of the whole/),
  );
  expect((await verify(replica, 'stored')).outcome).toBe('passed');
  expect((await verify(replica, 'read', { amount: { percent: 100 }, seed: 4 })).outcome).toBe('could not verify');
  await replica.remove('a', versions.get('a') ?? '');
  for (const depth of ['stored', 'read'] as const) {
    const report = await verify(replica, depth);
    expect(report.outcome).toBe('failed');
    expect(report.objects).toContainEqual(expect.objectContaining({ key: 'a', outcome: 'failed' }));
  }
});

test('a drill restores a sample of a replica, every byte against the checksum that S3 keeps; without one it could not verify', async () => {
  const { replica, versions } = await filledReplica(lab, 'drilled');
  await replica.put('tagged', 'with tags', { ContentType: 'text/x-note', Tagging: 'team=blue', ...SHA256 });
  await replica.list();
  await replica.run();
  const passed = await drill(replica, { sampleItems: 6, seed: 3 });
  expect(passed).toMatchObject({ outcome: 'passed', extent: 'sample', seed: 3, restoreMs: null });
  expect(passed.parts).toMatchObject([{ name: 'uploads', tried: 6, of: versions.size + 1 }]);
  expect(comparison(passed, 'objects').compared).toBe(6);

  await lab.server.damage.flipBit(
    { bucket: replica.replica, key: 'in/ä/ö.txt', versionId: versions.get('ä/ö.txt') },
    3,
  );
  expect((await verify(replica, 'read')).outcome).toBe('failed');
  const damaged = await drill(replica);
  expect(damaged.outcome).toBe('failed');
  expect(findings(damaged)).toMatch(/objects failed: "ä\/ö.txt": the sha256 of its bytes is .*, S3 keeps/);

  await replica.put('ä/ö.txt', 'without a checksum', { ChecksumAlgorithm: undefined });
  await replica.list({ at: LISTED_AT + 3_600_000 });
  await replica.run();
  const unproven = await drill(replica);
  expect(unproven.outcome).toBe('could not verify');
  expect(findings(unproven)).toMatch(/of 1 of 10 the store keeps no checksum of the whole/);
  expect(comparison(unproven, 'objects').compared).toBe(9);

  await replica.remove('a', versions.get('a') ?? '');
  expect(findings(await drill(replica))).toMatch(/objects failed: 1 of 10 were not restored/);
  const blind = await drill(replica, { openReplica: undefined });
  expect([blind.outcome, blind.failure?.code]).toEqual(['could not verify', 'configuration-invalid']);
});

test.each(['by the store', 'through here'] as const)(
  'a restore %s brings each version back with its tags, and does not say that it was proven',
  async (way) => {
    const { replica, versions } = await filledReplica(lab, way.replaceAll(' ', '-'));
    const described = { ContentType: 'text/x-note', Tagging: 'team=blue', ...SHA256 };
    await replica.put('tagged', 'with tags', described);
    await replica.list();
    await replica.run();
    await replica.put('a', 'newer than the list');
    const { bucket, report } = await restore(replica, { way });
    expect(report).toMatchObject({
      outcome: 'could not verify',
      restored: versions.size + 1,
      uncompared: versions.size + 1,
    });
    for (const key of versions.keys()) expect((await replica.read(bucket, key)).body).toBe(`of ${key}`);
    expect(await replica.read(bucket, 'tagged')).toEqual({
      body: 'with tags',
      tags: { team: 'blue' },
      type: 'text/x-note',
    });
    // Again: what has the same ETag is left; of the same size is not the same, and nothing else tells.
    const target = openS3Bucket({ bucket, prefix: '' }, replica.world.connection);
    const bytes = Buffer.from('of A');
    await target.put('a', { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }, {});
    expect((await restore(replica, { way })).report).toMatchObject({
      outcome: 'failed',
      restored: 0,
      same: versions.size,
      different: 1,
      findings: [{ key: 'a', finding: 'other content is there; --overwrite replaces it' }],
    });
    expect((await restore(replica, { way, existing: 'overwrite' })).report).toMatchObject({
      restored: 1,
      different: 0,
    });
    expect((await replica.read(bucket, 'a')).body).toBe('of a');
    await lab.server.createBucket(`${bucket}-other`);
    await replica.remove('a', versions.get('a') ?? '');
    const to = openS3Bucket({ bucket: `${bucket}-other`, prefix: '' }, replica.world.connection);
    const again = await restore(replica, { way, to });
    expect(again.report).toMatchObject({ outcome: 'failed', damaged: 1, restored: versions.size });
  },
);
