import { createHash } from 'node:crypto';
import { FAILURE_NAME } from '../../../../model';
import { BackupError } from '../../../../runtime/errors';
import { verifyObjects } from '../../../../runtime/components/objects/verify';
import { failureOf } from '../../../support/failure-of';
import { FaultyStore } from '../../../support/faulty-store';
import { MirrorLab, SOURCE, type MirrorWorld } from './support';

let lab: MirrorLab;

beforeAll(async () => {
  lab = await MirrorLab.start();
});
afterAll(() => lab.close());

const WAYS = [
  ['by the store', 'CopyObject'],
  ['through here', 'GetObject'],
] as const;

describe.each(WAYS)('copied %s', (way, operation) => {
  const name = operation.toLowerCase();
  /** The request that copies an object: by the store it is about the key in the vault. */
  const keyOf = (key: string) => (operation === 'CopyObject' ? `team/${SOURCE}/mirrors/uploads/${key}` : key);

  test('an object that changes between listing and copy is copied as it is then', async () => {
    const world = await lab.world(`change-${name}`);
    await world.put('a', 'before');
    await world.put('b', 'calm');
    const act = () => world.put('a', 'after, and longer');
    const fault = lab.faults.add({ operation, key: keyOf('a'), fault: { kind: 'interfere', act } });
    const manifest = await world.made({ mirror: { way } });
    expect(fault.fired).toBe(1);
    const [entry] = await world.entries(manifest);
    expect((await world.stored('a', entry.versionId)).toString()).toBe('after, and longer');
    expect(entry).toMatchObject({
      sizeBytes: 17,
      sha256: createHash('sha256').update('after, and longer').digest('hex'),
    });
    expect(manifest.mirrors[0].missing.count).toBe(0);
    expect((await world.made({ mirror: { way } })).mirrors[0].changes).toMatchObject({ copied: 0, unchanged: 2 });
  });

  test('one that changes all the time is missing, which is told, and never verified as whole', async () => {
    const world = await lab.world(`busy-${name}`);
    for (const key of ['a', 'b', 'c']) await world.put(key, 'x');
    let n = 0;
    const act = () => world.put('a', `changed ${(n += 1)}`);
    lab.faults.add({ operation, key: keyOf('a'), times: 10, fault: { kind: 'interfere', act } });
    const manifest = await world.made({ mirror: { way } });
    expect(manifest.mirrors[0]).toMatchObject({
      objects: 2,
      missing: { count: 1, examples: [{ key: 'a', reason: 'changing' }] },
    });
    lab.faults.clear();
    const report = await verifyObjects(await world.latest(), 'stored', world.context());
    expect(report.outcome).toBe('could not verify');
  });

  test('one that is deleted between listing and copy is counted, and nothing is wrong with that', async () => {
    const world = await lab.world(`vanish-${name}`);
    for (const key of ['a', 'b', 'c']) await world.put(key, 'x');
    const fault = { kind: 'interfere', act: () => world.remove('b') } as const;
    lab.faults.add({ operation, key: keyOf('b'), fault });
    const manifest = await world.made({ mirror: { way } });
    expect(manifest.mirrors[0]).toMatchObject({ objects: 2, changes: { vanished: 1 }, missing: { count: 0 } });
  });

  test('what a role may not read is missing and told; when it may read nothing, the run fails', async () => {
    const world = await lab.world(`denied-${name}`);
    for (const key of ['a', 'b', 'c']) await world.put(key, 'x');
    lab.authorize = ({ action, key }) => !(action === 's3:GetObject' && key === 'b');
    const manifest = await world.made({ mirror: { way } });
    expect(manifest.mirrors[0].missing).toEqual({ count: 1, examples: [{ key: 'b', reason: 'denied' }] });
    lab.authorize = ({ action, key }) => !(action === 's3:GetObject' && key !== undefined && key.length === 1);
    for (const key of ['a', 'b', 'c']) await world.put(key, 'changed');
    expect((await failureOf(world.run({ mirror: { way } }))).code).toBe('objects-lost');
  });

  test('a store that is busy, drops connections or answers with an error in a success is asked again', async () => {
    const world = await lab.world(`faults-${name}`);
    for (let i = 0; i < 20; i++) await world.put(`k${i}`, `content ${i}`);
    lab.faults.add({ operation, nth: 2, times: 3, fault: { kind: 'error', code: 'SlowDown' } });
    lab.faults.add({ operation, nth: 8, times: 2, fault: { kind: 'drop', when: 'after' } });
    if (operation === 'CopyObject') {
      lab.faults.add({ operation, nth: 12, times: 1, fault: { kind: 'error-in-success', code: 'InternalError' } });
    } else {
      lab.faults.add({ operation, nth: 14, times: 1, fault: { kind: 'truncate', afterBytes: 4 } });
      lab.faults.add({ operation, nth: 17, times: 1, fault: { kind: 'corrupt', offset: 2 } });
    }
    const manifest = await world.made({ mirror: { way } });
    lab.faults.assertAllFired();
    lab.faults.clear();
    expect(manifest.totals.items).toBe(20);
    for (const { key, versionId } of await world.entries(manifest)) {
      expect((await world.stored(key, versionId)).toString()).toBe(`content ${key.slice(1)}`);
    }
  });
});

test('an archived object is missing and told, until it was mirrored once', async () => {
  const world = await lab.world('glacier');
  await world.put('a', 'x');
  await world.put('b', 'x');
  await world.put('cold', 'x', { StorageClass: 'GLACIER' });
  const { mirrors } = await world.made();
  expect(mirrors[0].missing).toEqual({ count: 1, examples: [{ key: 'cold', reason: 'archived' }] });
});

test("a source's tags are kept in the inventory and never at the vault's versions, where tags decide what is deleted", async () => {
  const world = await lab.world('tags');
  await world.put('a', 'x', { Tagging: 'postgres-backup%3Aexpire=true&kind=letter' });
  for (const way of ['by the store', 'through here'] as const) {
    const manifest = await world.made({ mirror: { way, name: way === 'by the store' ? 'one' : 'two' } });
    const [{ versionId, tags }] = await world.entries(manifest);
    expect(tags).toEqual({ 'postgres-backup:expire': 'true', kind: 'letter' });
    expect(await world.store.tags(`${manifest.mirrors[0].prefix}a`, versionId)).toEqual({});
  }
});

describe('a source that lost most of what it had', () => {
  async function lose(name: string, act: (world: MirrorWorld) => Promise<void>): Promise<MirrorWorld> {
    const world = await lab.world(name);
    for (const key of ['a', 'b', 'c', 'd']) await world.put(key, 'some content');
    await world.made();
    await act(world);
    return world;
  }

  test('fails the run, and does not become what later runs are compared with', async () => {
    const world = await lose('emptied', async (w) => {
      for (const key of ['a', 'b', 'c']) await w.remove(key);
    });
    const before = (await world.latest()).manifest.point;
    for (let run = 0; run < 2; run++) {
      const failure = await failureOf(world.run());
      expect(failure).toMatchObject({ code: 'objects-lost', exitCode: 1 });
      expect(failure.detail).toContain('3 of 4 objects');
      expect(failure.hint).toContain('--accept-loss');
    }
    expect((await world.latest()).manifest.point).toBe(before);
    const failures = [];
    for await (const entry of world.store.list(`${SOURCE}/objects/`)) {
      if (entry.kind === 'object' && entry.key.endsWith(FAILURE_NAME)) failures.push(entry.key);
    }
    expect(failures).toHaveLength(2);
  });

  test('is believed when somebody says so, and from then on', async () => {
    const world = await lose('accepted', async (w) => {
      for (const key of ['a', 'b', 'c']) await w.remove(key);
    });
    expect((await world.made({ settings: { loss: 'accept' } })).totals.items).toBe(1);
    expect((await world.made()).totals.items).toBe(1);
  });

  test('is also one whose objects are still there, but empty', async () => {
    const world = await lose('hollow', async (w) => {
      for (const key of ['a', 'b', 'c']) await w.put(key, '');
    });
    expect((await failureOf(world.run())).code).toBe('objects-lost');
  });

  test('half of it is not most of it', async () => {
    const world = await lose('half', async (w) => {
      for (const key of ['a', 'b']) await w.remove(key);
    });
    expect((await world.made()).mirrors[0].changes.gone).toBe(2);
  });
});

test('a run that is stopped at any request leaves no recovery point or a whole one, and the next run ends well', async () => {
  const keys = Array.from({ length: 7 }, (_, i) => `key ${i}`);
  for (let stopAt = 1; stopAt <= 24; stopAt++) {
    const world = await lab.world(`stop-${stopAt}`);
    for (const key of keys) await world.put(key, `of ${key}`);
    const stop = new AbortController();
    let served = 0;
    lab.authorize = () => {
      if ((served += 1) === stopAt) stop.abort(new BackupError('terminated', 'stopped by the test'));
      return true;
    };
    const settings = { concurrency: 2, segmentCopies: 2 };
    const ended = await world.run({ settings, signal: stop.signal }).catch((error: unknown) => error);
    lab.authorize = () => true;
    if (ended instanceof Error) {
      expect(ended).toMatchObject({ code: 'terminated' });
      expect((await failureOf(world.latest())).code).toBe('point-missing');
    }
    const entries = await world.entries(await world.made({ settings }));
    expect(entries.map(({ key }) => key)).toEqual(keys);
    for (const { key, versionId } of entries) expect((await world.stored(key, versionId)).toString()).toBe(`of ${key}`);
  }
});

test('what a killed run had copied is not copied again', async () => {
  const world = await lab.world('resume');
  for (let i = 0; i < 9; i++) await world.put(`k${i}`, 'x');
  const stop = new AbortController();
  // The third piece of the inventory never gets there.
  lab.authorize = ({ action, key }) => {
    if (action === 's3:PutObject' && key?.endsWith('inventory-000003.jsonl.zst')) {
      stop.abort(new BackupError('terminated', 'killed'));
    }
    return true;
  };
  await failureOf(world.run({ settings: { concurrency: 1, segmentCopies: 3 }, signal: stop.signal }));
  lab.authorize = () => true;
  const { mirrors } = await world.made();
  expect(mirrors[0].changes).toMatchObject({ copied: 3, unchanged: 6 });
});

test('two runs for one scheduled time make one recovery point', async () => {
  const world = await lab.world('twice');
  await world.put('a', 'x');
  const scheduledAt = new Date('2026-11-20T02:00:00Z');
  const results = await Promise.all([world.run({ scheduledAt }), world.run({ scheduledAt })]);
  expect(results.map(({ outcome }) => outcome).sort()).toEqual(['made', 'skipped']);
});

test('a run that failed is repeated for its scheduled time, and goes on from where it was', async () => {
  const world = await lab.world('repeated');
  for (let i = 0; i < 6; i++) await world.put(`k${i}`, 'x');
  const scheduledAt = new Date('2026-11-20T02:00:00Z');
  const key = `team/${SOURCE}/mirrors/uploads/k5`;
  lab.faults.add({ operation: 'CopyObject', key, times: 9, fault: { kind: 'error', code: 'InternalError' } });
  const settings = { concurrency: 1, segmentCopies: 2 };
  await failureOf(world.run({ scheduledAt, settings }));
  lab.faults.clear();
  const manifest = await world.made({ scheduledAt, settings });
  expect(manifest.mirrors[0].changes).toMatchObject({ copied: 2, unchanged: 4 });
  expect((await world.run({ scheduledAt })).outcome).toBe('skipped');
});

test('a repeated run is skipped, and leaves no word of failing, where another attempt was faster', async () => {
  const world = await lab.world('overtaken');
  await world.put('a', 'x');
  const scheduledAt = new Date('2026-11-20T02:00:00Z');
  const failing = new FaultyStore(world.store, [{ on: 'put', key: /manifest/, effect: 'fail' }]);
  await failureOf(world.run({ scheduledAt, store: failing }));
  const overtaken = new FaultyStore(world.store, []);
  overtaken.put = async (key, body, options) => {
    if (key.endsWith('manifest.json')) await world.store.put(key, Buffer.from('of the other'));
    return world.store.put(key, body, options);
  };
  expect((await world.run({ scheduledAt, store: overtaken })).outcome).toBe('skipped');
  const failures = [];
  for await (const entry of world.store.list('')) {
    if (entry.kind === 'object' && entry.key.includes('/failure')) failures.push(entry.key);
  }
  expect(failures).toHaveLength(1);
});
