import { EXPIRY_TAG } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import { readVerification } from '../../../runtime/catalog/verification-record';
import { sweep, type SweepOptions } from '../../../runtime/verification/sweep';
import type { ObjectStore } from '../../../runtime/store/store';
import { FaultyStore } from '../../support/faulty-store';
import { clockedStore, storePoint, verifyOptions, verifyStored } from './support';

async function threePoints() {
  const { store, clock } = clockedStore('2026-11-18T03:00:00Z');
  const points = [];
  for (const day of [16, 17, 18]) points.push(await storePoint(store, { time: `2026-11-${day}T02:00:00Z` }));
  return { store, clock, points };
}

/** The points in the order in which they were verified. */
async function swept(store: ObjectStore, changes: Partial<SweepOptions> = {}) {
  const order: string[] = [];
  const report = await sweep(store, {
    ...verifyOptions(),
    source: 'orders',
    components: ['dump'],
    hasTime: () => true,
    onVerified: ({ point }) => void order.push(point.slice(0, 8)),
    ...changes,
  });
  return { report, order };
}

test('every retained point is verified, and each result recorded', async () => {
  const { store, points } = await threePoints();
  const { report } = await swept(store);
  expect(report).toEqual({ verified: { passed: 3, failed: 0, 'could not verify': 0 }, marked: 0, left: 0, errors: [] });
  for (const { prefix } of points) expect((await readVerification(store, prefix))?.outcome).toBe('passed');
});

test('what was never verified comes first, then what was longest ago', async () => {
  const { store, clock, points } = await threePoints();
  clock.now = new Date('2026-11-19T03:00:00Z');
  await verifyStored(store, points[0]);
  clock.now = new Date('2026-11-18T23:00:00Z');
  await verifyStored(store, points[1]);
  expect((await swept(store)).order).toEqual(['20261118', '20261117', '20261116']);
});

test('a sweep that runs out of time is gone on with by the next', async () => {
  const { store, clock } = await threePoints();
  const seen: string[] = [];
  for (let sweeps = 1; sweeps <= 3; sweeps += 1) {
    clock.now = new Date(Date.parse('2026-11-19T03:00:00Z') + sweeps * 60_000);
    let left = 1;
    const { report, order } = await swept(store, { hasTime: () => left-- > 0 });
    expect(report.left).toBe(2);
    seen.push(...order);
  }
  expect([...seen].sort()).toEqual(['20261116', '20261117', '20261118']);
});

test('a point whose end is marked is left alone: its objects go in any order', async () => {
  const { store, points } = await threePoints();
  await verifyStored(store, points[0]);
  for (const name of ['manifest.json', 'verification.json']) {
    await store.tag(`${points[0].prefix}${name}`, null, { [EXPIRY_TAG.key]: EXPIRY_TAG.value });
  }
  expect((await swept(store)).report).toMatchObject({ verified: { passed: 2, failed: 0 }, marked: 1 });
  store.delete(`${points[0].prefix}manifest.json`);
  expect((await swept(store)).report).toMatchObject({ verified: { passed: 2, failed: 0 }, marked: 1 });
});

test('a point whose manifest was taken away fails', async () => {
  const { store, points } = await threePoints();
  await swept(store);
  store.delete(`${points[1].prefix}manifest.json`);
  expect((await swept(store)).report).toMatchObject({ verified: { passed: 2, failed: 1 }, marked: 0 });
});

test('a run that left no manifest is no point', async () => {
  const { store, points } = await threePoints();
  await store.put(points[0].prefix.replace('aaaaaa', 'bbbbbb') + 'started.json', Buffer.from('{}'));
  expect((await swept(store)).report.verified.passed).toBe(3);
});

test('a point of which no result can be written is told, and the others are verified', async () => {
  const { store, points } = await threePoints();
  const broken = new FaultyStore(store, [
    {
      on: 'put',
      key: `${points[1].prefix}verification.json`,
      effect: 'fail',
      error: () => new BackupError('store-denied', 'access denied'),
    },
  ]);
  const { report, order } = await swept(broken);
  expect(order).toHaveLength(2);
  expect(report.errors).toEqual([
    { point: points[1].manifest.point, error: expect.objectContaining({ code: 'store-denied' }) as unknown },
  ]);
});
