import { FAILURE_NAME, MANIFEST_NAME, STARTED_NAME, VERIFICATION_NAME, type RetentionPolicy } from '../../../model';
import { findPoint } from '../../../runtime/catalog/catalog';
import { surveyRuns } from '../../../runtime/catalog/survey';
import { BackupError } from '../../../runtime/errors';
import { applyRetention } from '../../../runtime/retention/apply-retention';
import { planRetention } from '../../../runtime/retention/plan-retention';
import type { RetentionResult } from '../../../runtime/retention/types';
import type { ObjectStore } from '../../../runtime/store/store';
import { FaultyStore } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import { Clock, DAY_MS, storeRun } from './support';

const POLICY: RetentionPolicy = { classes: { daily: { keepSeconds: 7 * 86_400 } }, minimumVerified: 1 };

let clock: Clock;
let store: MemoryStore;
let prefixes: string[];

/** Ten nights, of which the first four are over. */
beforeEach(async () => {
  clock = new Clock(new Date('2026-10-01T02:10:00Z'));
  store = new MemoryStore(clock.now);
  prefixes = [];
  for (let day = 0; day < 10; day += 1) {
    prefixes.push(await storeRun(store, { time: clock.now() }));
    clock.advance(DAY_MS);
  }
});

async function retain(through: ObjectStore = store, signal = new AbortController().signal): Promise<RetentionResult> {
  const context = { store: through, signal, now: clock.now };
  return applyRetention(await planRetention({ source: 'orders', component: 'dump', policy: POLICY }, context), context);
}

async function marked(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key, versionId } of store.versions('')) {
    const tags = await store.tags(key, versionId);
    if (Object.keys(tags).length > 0) found.push(`${key} ${versionId}`);
  }
  return found;
}

async function versions(...below: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const prefix of below)
    for await (const { key, versionId } of store.versions(prefix)) found.push(`${key} ${versionId}`);
  return found;
}

test('every version of what ends is marked, and nothing else', async () => {
  // A verification was written again, and somebody wrote over an object.
  await store.put(
    `${prefixes[0]}${VERIFICATION_NAME}`,
    store.bytesOf(`${prefixes[0]}${VERIFICATION_NAME}`) ?? Buffer.of(),
  );
  await store.put(`${prefixes[1]}globals.sql.zst`, Buffer.from('other bytes'));
  const result = await retain();
  expect(result).toMatchObject({ versions: 4 * 4 + 2, failed: [] });
  expect(result.marked.map(({ prefix }) => prefix)).toEqual(prefixes.slice(0, 4).reverse());
  expect(await marked()).toEqual(await versions(...prefixes.slice(0, 4)));
});

test('nothing is written, nothing is deleted', async () => {
  const before = await versions('');
  await retain();
  expect(await versions('')).toEqual(before);
});

test('again, it changes nothing', async () => {
  await retain();
  const before = await marked();
  expect(await retain()).toMatchObject({ failed: [] });
  expect(await marked()).toEqual(before);
});

describe('stopped at any mark', () => {
  // Four points of four versions each.
  const every = Array.from({ length: 16 }, (_, index) => index + 1);

  test.each(every)('%d, no half-marked point is taken for a good one, and none is forgotten', async (nth) => {
    const controller = new AbortController();
    const dies = new FaultyStore(store, [
      {
        on: 'tag',
        nth,
        effect: 'fail',
        error: () => (controller.abort(new BackupError('terminated', 'stopped')), new Error('died')),
      },
    ]);
    await expect(retain(dies, controller.signal)).rejects.toMatchObject({ code: 'terminated' });
    expect(dies.fired).toHaveLength(1);

    const half = await touched();
    for (const { prefix, keys } of half) {
      // Whatever is marked of it, the manifest is; and as long as anything is not, started.json is not.
      expect(keys).toContain(`${prefix}${MANIFEST_NAME}`);
      if (keys.length < 4) expect(keys).not.toContain(`${prefix}${STARTED_NAME}`);
    }
    // The vault may delete what is marked before the next time: what stays is found, and ends.
    for (const { keys } of half) for (const key of keys) store.delete(key);
    const runs = await surveyRuns(store, 'orders', 'dump');
    for (const { prefix } of half) {
      const left = runs.find((run) => run.prefix === prefix);
      expect(left?.manifestAt).toBeUndefined();
    }
    expect((await findPoint(store, 'orders', 'dump', 'latest')).prefix).toBe(prefixes[9]);
    clock.advance(7 * DAY_MS);
    await retain();
    const remaining = await versions(...prefixes.slice(0, 4));
    expect(await marked()).toEqual(expect.arrayContaining(remaining));
  });

  /** Folders of which something is marked, with the keys that are. */
  async function touched(): Promise<{ prefix: string; keys: string[] }[]> {
    const keys = (await marked()).map((line) => line.split(' ')[0]);
    return prefixes
      .map((prefix) => ({ prefix, keys: keys.filter((key) => key.startsWith(prefix)) }))
      .filter((one) => one.keys.length > 0);
  }
});

test('of a manifest that was written over no version stays when the newest is marked', async () => {
  const key = `${prefixes[0]}${MANIFEST_NAME}`;
  const bytes = store.bytesOf(key) ?? Buffer.of();
  clock.advance(-9 * DAY_MS);
  await store.put(key, Buffer.concat([bytes, Buffer.from(' ')]));
  await store.put(key, bytes);
  clock.advance(9 * DAY_MS);
  const error = () => new BackupError('store-denied', 'denied');
  for (const nth of [1, 2, 3]) {
    await retain(new FaultyStore(store, [{ on: 'tag', key, nth, effect: 'fail', error }]));
    // Stopped between two versions of the manifest, it is still a recovery point, whose end begins again.
    expect(Object.keys(await store.tags(key, null))).toEqual([]);
  }
  await retain();
  expect(await marked()).toEqual(await versions(...prefixes.slice(0, 4)));
});

test('one that cannot be marked is told, does not keep the others from it, and is gone on with the next time', async () => {
  const error = () => new BackupError('store-denied', 'denied');
  const denying = new FaultyStore(store, [{ on: 'tag', key: `${prefixes[2]}globals.sql.zst`, effect: 'fail', error }]);
  const result = await retain(denying);
  expect(result.marked.map(({ prefix }) => prefix)).toEqual([prefixes[3], prefixes[1], prefixes[0]]);
  expect(result.failed).toMatchObject([{ run: { prefix: prefixes[2] }, error: { code: 'store-denied' } }]);
  expect(await marked()).not.toEqual(expect.arrayContaining(await versions(prefixes[2])));
  await retain();
  expect(await marked()).toEqual(expect.arrayContaining(await versions(prefixes[2])));
});

test('versions that cannot be listed are a failure of that run, not an empty one', async () => {
  const error = () => new BackupError('store-denied', 'denied');
  const result = await retain(new FaultyStore(store, [{ on: 'versions', key: prefixes[0], effect: 'fail', error }]));
  expect(result.failed).toMatchObject([{ run: { prefix: prefixes[0] }, error: { code: 'store-denied' } }]);
});

test('what is written after the marking is marked the next time', async () => {
  await retain();
  await store.put(`${prefixes[0]}${VERIFICATION_NAME}`, Buffer.from('{}'));
  await retain();
  expect(await marked()).toEqual(await versions(...prefixes.slice(0, 4)));
});

test('what runs left that made no point is marked whole', async () => {
  const failed = await storeRun(store, { time: clock.now(), run: 'bbbbbb', end: 'failure' });
  expect(store.keys()).toContain(`${failed}${FAILURE_NAME}`);
  clock.advance(7 * DAY_MS);
  await retain();
  expect(await marked()).toEqual(expect.arrayContaining(await versions(failed)));
});
