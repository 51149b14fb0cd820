import { MANIFEST_NAME, VERIFICATION_NAME, type RetentionPolicy } from '../../../model';
import { planRetention } from '../../../runtime/retention/plan-retention';
import { BackupError } from '../../../runtime/errors';
import type { ObjectStore } from '../../../runtime/store/store';
import { FaultyStore } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import { Clock, DAY_MS, HOUR_MS, storeFilesPoint, storeRun, type StoredRun } from './support';

const BEGIN = new Date('2026-10-01T02:10:00Z');
const POLICY: RetentionPolicy = { classes: { daily: { keepSeconds: 7 * 86_400 } }, minimumVerified: 1 };

let clock: Clock;
let store: MemoryStore;

beforeEach(() => {
  clock = new Clock(BEGIN);
  store = new MemoryStore(clock.now);
});

/** A run a day, each stored when its name says. */
async function daily(days: number, run: Partial<StoredRun> = {}): Promise<string[]> {
  const prefixes: string[] = [];
  for (let day = 0; day < days; day += 1) {
    prefixes.push(await storeRun(store, { time: clock.now(), ...run }));
    clock.advance(DAY_MS);
  }
  return prefixes;
}

async function plan(from: ObjectStore = store, policy = POLICY) {
  const { signal } = new AbortController();
  const planned = await planRetention(
    { source: 'orders', component: 'dump', policy },
    { store: from, signal, now: clock.now },
  );
  return planned.runs;
}

async function expiring(from?: ObjectStore): Promise<string[]> {
  return (await plan(from)).flatMap(({ action, prefix }) => (action === 'expire' ? [prefix] : []));
}

test('what is older than promised ends, once something newer is verified', async () => {
  const prefixes = await daily(10);
  expect(await expiring()).toEqual(prefixes.slice(0, 4).reverse());
});

test('what a kept recovery point of files is built on stays with it, whatever its age', async () => {
  const at = (day: number) => new Date(BEGIN.getTime() + day * DAY_MS);
  const made = (day: number, dependsOn: readonly string[] = []) => {
    clock.moveTo(at(day));
    return storeFilesPoint(store, at(day), dependsOn);
  };
  const abandoned = await made(0);
  const full = await made(1);
  await made(20, [full]);
  clock.moveTo(at(21));
  const { signal } = new AbortController();
  const { runs } = await planRetention(
    { source: 'orders', component: 'files', policy: POLICY },
    { store, signal, now: clock.now },
  );
  expect(runs.map(({ point, action }) => [point, action])).toEqual([
    [expect.any(String), 'keep'],
    [full, 'keep'],
    [abandoned, 'expire'],
  ]);
});

test('while nothing is verified nothing ends', async () => {
  await daily(10, { verification: 'not verified' });
  expect(await expiring()).toEqual([]);
});

test.each(['failed', 'could not verify'] as const)(
  'a verification that ended with "%s" counts for nothing',
  async (verification) => {
    await daily(10, { verification });
    expect(await expiring()).toEqual([]);
  },
);

test('a verification of another manifest is none: whoever writes over a manifest verifies nothing', async () => {
  const prefixes = await daily(10);
  for (const prefix of prefixes) {
    const text = store.bytesOf(`${prefix}${MANIFEST_NAME}`)?.toString() ?? '';
    await store.put(`${prefix}${MANIFEST_NAME}`, Buffer.from(`${text} `));
  }
  clock.advance(30 * DAY_MS);
  expect(await expiring()).toEqual([]);
});

test('the age is that of the store: a name from the past makes nothing old, one from the future nothing newer', async () => {
  const [good] = await daily(1);
  clock.advance(8 * DAY_MS);
  // The names say that the verified one is the newest and long over.
  await storeRun(store, { time: new Date('2020-01-01T00:00:00Z') });
  await storeRun(store, { time: new Date('2099-01-01T00:00:00Z'), run: 'bbbbbb', verification: 'not verified' });
  expect(await expiring()).toEqual([good]);
});

test('a hundred newer points of a writer gone bad end nothing, as nobody verified them', async () => {
  const [good] = await daily(1);
  clock.advance(60 * DAY_MS);
  for (let fake = 0; fake < 100; fake += 1) {
    await storeRun(store, { time: new Date(clock.now().getTime() + fake * HOUR_MS), verification: 'not verified' });
  }
  const planned = await plan();
  expect(planned).toHaveLength(101);
  expect(planned.find(({ prefix }) => prefix === good)).toMatchObject({
    action: 'keep',
    reason: 'one of the newest 1 verified',
  });
});

test('a manifest that cannot be read makes a failed point, which ends like others and saves none', async () => {
  const prefixes = await daily(10);
  store.damage(`${prefixes[9]}${MANIFEST_NAME}`, () => Buffer.from('{'));
  store.damage(`${prefixes[0]}${MANIFEST_NAME}`, () => Buffer.from('{'));
  const planned = await plan();
  expect(planned[0]).toMatchObject({ verification: 'failed', action: 'keep' });
  expect(planned[9]).toMatchObject({ verification: 'failed', action: 'expire' });
});

describe('what is no recovery point', () => {
  test.each(['failure', 'killed'] as const)('ends 7 days after the store received the last of it: %s', async (end) => {
    const prefix = await storeRun(store, { time: clock.now(), end });
    clock.advance(7 * DAY_MS - 1);
    expect(await plan()).toMatchObject([{ kind: 'leftover', action: 'keep' }]);
    clock.advance(1);
    expect(await plan()).toMatchObject([{ kind: 'leftover', action: 'expire', prefix }]);
  });

  test('stays while it is still written to, however long ago it began', async () => {
    const prefix = await storeRun(store, { time: clock.now(), end: 'killed' });
    clock.advance(8 * DAY_MS);
    await store.put(`${prefix}orders/data-001.dump.zst`, Buffer.from('still at work'));
    clock.advance(HOUR_MS);
    expect(await plan()).toMatchObject([{ kind: 'leftover', action: 'keep' }]);
  });

  test('never ends without a promise of its class being needed, and saves no recovery point', async () => {
    await storeRun(store, { time: clock.now(), class: 'manual', end: 'failure' });
    clock.advance(8 * DAY_MS);
    expect(await plan()).toMatchObject([{ kind: 'leftover', action: 'expire' }]);
  });
});

test('a point whose end has begun is none: it does not count, and its end is gone on with', async () => {
  const prefixes = await daily(10);
  for (const prefix of prefixes.slice(1))
    await store.tag(`${prefix}${MANIFEST_NAME}`, null, { 'postgres-backup:expire': 'true' });
  const planned = await plan();
  expect(planned.map(({ action }) => action)).toEqual([...Array<string>(9).fill('ending'), 'keep']);
  expect(planned[9].reason).toBe('one of the newest 1 verified');
});

describe('a manifest under a delete marker', () => {
  test('that nothing marked was deleted by somebody: what is left stays, for it may be all there is', async () => {
    const prefixes = await daily(10);
    store.hide(`${prefixes[0]}${MANIFEST_NAME}`);
    clock.advance(365 * DAY_MS);
    expect((await plan())[9]).toMatchObject({
      prefix: prefixes[0],
      action: 'keep',
      reason: 'its manifest was deleted, though nothing ended it: look who did',
    });
  });

  test('that was marked was deleted by the vault: its end is gone on with at once', async () => {
    const prefixes = await daily(10);
    await store.tag(`${prefixes[0]}${MANIFEST_NAME}`, null, { 'postgres-backup:expire': 'true' });
    store.hide(`${prefixes[0]}${MANIFEST_NAME}`);
    expect((await plan())[9]).toMatchObject({ prefix: prefixes[0], action: 'ending' });
  });
});

test('another tag, or another value, is no mark', async () => {
  const [prefix] = await daily(1);
  await store.tag(`${prefix}${MANIFEST_NAME}`, null, { 'postgres-backup:expire': 'false', scan: 'true' });
  expect(await plan()).toMatchObject([{ action: 'keep', verification: 'passed' }]);
});

test.each([
  ['list', /dump\/$/],
  ['tags', new RegExp(MANIFEST_NAME)],
  ['get', new RegExp(MANIFEST_NAME)],
  ['get', new RegExp(VERIFICATION_NAME)],
] as const)(
  'a store that does not answer a %s ends the plan: nothing is decided on half of what is there',
  async (on, key) => {
    await daily(10);
    const error = () => new BackupError('store-denied', 'denied');
    const faulty = new FaultyStore(store, [{ on, key, nth: 1, effect: 'fail', error }]);
    await expect(plan(faulty)).rejects.toMatchObject({ code: 'store-denied' });
    expect(faulty.fired).toHaveLength(1);
  },
);

test('other sources and components are not looked at', async () => {
  await daily(1);
  clock.advance(400 * DAY_MS);
  await store.put('orders/wal/manual/2026/10/01/20261001T021000Z-aaaaaa/x', Buffer.from('x'));
  await store.put('orders2/dump/daily/2026/10/01/20261001T021000Z-aaaaaa/x', Buffer.from('x'));
  expect(await plan()).toHaveLength(1);
});
