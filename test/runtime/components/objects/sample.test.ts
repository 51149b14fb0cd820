/** Verification by a sample: everything is looked up, what the lots say is read, and nothing more is claimed. */
import { mirroredKey } from '../../../../model';
import type { SampleRequest } from '../../../../runtime/components/component';
import { verifyObjects } from '../../../../runtime/components/objects/verify';
import type { ObjectStore } from '../../../../runtime/store/store';
import { MirrorLab, SOURCE, type MirrorWorld } from './support';

const OBJECTS = 60;

let lab: MirrorLab;
let world: MirrorWorld;

beforeAll(async () => {
  lab = await MirrorLab.start();
  world = await lab.world('sampled');
  for (let n = 0; n < OBJECTS; n += 1) await world.put(`o/${n}`, `content ${n}`);
  await world.made();
});
afterAll(() => lab.close());

async function verify(sample: SampleRequest) {
  const read: string[] = [];
  const get: ObjectStore['get'] = (key, options) => {
    if (key.includes('/mirrors/')) read.push(key);
    return world.store.get(key, options);
  };
  const store = Object.assign(Object.create(world.store) as ObjectStore, { get });
  const report = await verifyObjects(await world.latest(), 'read', { ...world.context({ store }), sample });
  return { report, read };
}

test('exactly so many are read, by the seed, and the rest is looked up', async () => {
  const once = await verify({ amount: { objects: 7 }, seed: 5 });
  expect(once.report).toMatchObject({ outcome: 'passed', depth: 'read', sample: { seed: 5 } });
  expect(once.report.objects.at(-1)?.finding).toBe('60 objects: versions, sizes and ETags; of 7 of them every byte');
  expect(new Set(once.read).size).toBe(7);
  expect((await verify({ amount: { objects: 7 }, seed: 5 })).read.sort()).toEqual(once.read.sort());
  expect((await verify({ amount: { objects: 7 }, seed: 6 })).read.sort()).not.toEqual(once.read);
});

test.each([
  [{ percent: 5 }, 3],
  [{ percent: 0.1 }, 1],
  [{ percent: 100 }, OBJECTS],
  [{ objects: 1000 }, OBJECTS],
  [undefined, OBJECTS],
])('of %j of sixty, %d are read', async (amount, count) => {
  expect((await verify({ amount, seed: 1 })).read).toHaveLength(count);
});

test('content that is damaged behind an unchanged listing is found when it is drawn; what is gone is found whether or not', async () => {
  const entries = await world.entries((await world.latest()).manifest);
  const key = mirroredKey(`${SOURCE}/mirrors/uploads/`, entries[11]);
  const target = { bucket: world.vaultBucket, key: `team/${key}` };
  await lab.server.damage.flipBit(target, 3);
  const outcomes = new Map<string, boolean>();
  for (let seed = 1; seed <= 12; seed += 1) {
    const { report, read } = await verify({ amount: { percent: 40 }, seed });
    expect(report.outcome === 'failed').toBe(read.includes(key));
    outcomes.set(report.outcome, read.includes(key));
  }
  expect(Object.fromEntries(outcomes)).toEqual({ failed: true, passed: false });
  const { report } = await verify({ amount: { percent: 100 }, seed: 1 });
  expect(report.objects.map(({ finding }) => finding)).toContain('1 of 60 objects are not what was mirrored');
  await lab.server.damage.lose(target);
  expect((await verify({ amount: { objects: 1 }, seed: 2 })).report.outcome).toBe('failed');
});
