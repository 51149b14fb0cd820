/** Mirrored objects are restored for practice: each byte, what describes it, and its tags are what they were. */
import { MANIFEST_NAME, mirroredKey, type Drill } from '../../../model';
import { runDrill } from '../../../runtime/drill/drill';
import { writeDrill } from '../../../runtime/drill/records';
import type { DrillRequest } from '../../../runtime/drill/types';
import type { Bucket } from '../../../runtime/store/bucket';
import { MirrorLab, type MirrorWorld } from '../components/objects/support';
import { comparison } from './base-backup/support';
import { findings } from './support/drill-lab';
import { exampleDrill } from './support/example-drill';

const OBJECTS = 40;

let lab: MirrorLab;
let world: MirrorWorld;
let worlds = 0;

beforeAll(async () => {
  lab = await MirrorLab.start();
});
afterAll(() => lab.close());

beforeEach(async () => {
  world = await lab.world(`drill-${(worlds += 1)}`);
  for (let i = 0; i < OBJECTS; i++) {
    const rest = {
      ContentType: 'text/plain',
      Metadata: { number: String(i) },
      Tagging: i % 2 === 0 ? `even=${i}` : '',
    };
    await world.put(`folder ${i % 3}/ä ${i}`, `content of ${i}`, rest);
  }
  await world.put('large', Buffer.alloc(12 * 1024 * 1024, 7));
  await world.put('empty', '');
  await world.made({ settings: { wholeCopyBytes: 6 * 1024 * 1024, partBytes: 5 * 1024 * 1024 } });
});

const ALL = OBJECTS + 2;

async function drill(request: Partial<DrillRequest> = {}, now?: () => Date): Promise<Drill> {
  const whole: DrillRequest = {
    source: 'orders',
    component: 'objects',
    point: 'latest',
    checks: [],
    jobs: 1,
    allowedExtensions: [],
    extent: 'full',
    seed: 1,
    vault: world.vault,
    where: { host: 'lab', user: 'tester', task: null },
    ...request,
  };
  const context = world.context();
  return (await runDrill(whole, { ...context, now: now ?? context.now })).drill;
}

test('everything: each object came whole, and nothing was written but the record', async () => {
  const before = await world.versions('');
  const made = await drill();
  expect(findings(made)).toBe('');
  expect(made).toMatchObject({ outcome: 'passed', component: 'objects', extent: 'full', databases: [] });
  expect(made).not.toHaveProperty('seed');
  expect(made.parts).toEqual([expect.objectContaining({ name: 'uploads', tried: ALL, of: ALL })]);
  expect(comparison(made, 'objects').compared).toBe(ALL);
  expect(made.restoreMs).toBeGreaterThan(0);
  expect(await world.versions('')).toEqual({ ...before, versions: before.versions + 1 });
});

test('a sample: so many by lot, the same again by the same seed; what it takes is no restore time', async () => {
  const readKeys = async (seed: number) => {
    lab.requests.length = 0;
    const made = await drill({ extent: 'sample', sampleItems: 7, seed });
    expect(made).toMatchObject({ outcome: 'passed', extent: 'sample', seed, restoreMs: null });
    expect(made.parts).toEqual([expect.objectContaining({ tried: 7, of: ALL })]);
    const gets = lab.requests.filter(({ method, key }) => method === 'GET' && key?.includes('/mirrors/uploads/'));
    return [...new Set(gets.map(({ key }) => key))].sort();
  };
  const [first, again, other] = [await readKeys(5), await readKeys(5), await readKeys(6)];
  expect(first).toHaveLength(7);
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

test('monthly: everything, until that passed in this month', async () => {
  const extents: (string | undefined)[] = [];
  for (const day of ['2026-11-02', '2026-11-09', '2026-11-30', '2026-12-07', '2026-12-14']) {
    const made = await drill({ extent: 'monthly', sampleItems: 3 }, () => new Date(`${day}T05:40:00Z`));
    expect(made.outcome).toBe('passed');
    extents.push(made.extent);
  }
  expect(extents).toEqual(['full', 'sample', 'sample', 'full', 'sample']);
});

test('everything of an old point that somebody asked for is not the full drill of the month', async () => {
  const at = new Date('2027-02-01T05:40:00Z');
  const old = exampleDrill({
    drill: '20270201T050000Z-aaaaaa',
    component: 'objects',
    extent: 'full',
    insteadOf: 'newer',
  });
  await writeDrill(world.store, old);
  expect((await drill({ extent: 'monthly', sampleItems: 3 }, () => at)).extent).toBe('full');
  expect((await drill({ extent: 'monthly', sampleItems: 3 }, () => at)).extent).toBe('sample');
});

test('an object whose bytes changed, and one that is gone', async () => {
  const { manifest } = await world.latest();
  const [first, second] = (await world.entries(manifest)).filter(({ sizeBytes }) => sizeBytes > 0);
  const keyOf = (entry: typeof first) => `team/${mirroredKey('orders/mirrors/uploads/', entry)}`;
  await lab.server.damage.flipBit({ bucket: world.vaultBucket, key: keyOf(first), versionId: first.versionId }, 3);
  await lab.server.damage.lose({ bucket: world.vaultBucket, key: keyOf(second) });
  const made = await drill();
  expect([made.outcome, made.failure]).toEqual(['failed', null]);
  expect(findings(made)).toMatch(/objects failed: .*is not what was mirrored/);
  expect(findings(made)).toMatch(/objects failed: .*is not there/);
  expect(findings(made)).toContain(`objects failed: 2 of ${ALL} were not restored`);
});

test('what describes an object, and its tags, are compared', async () => {
  const asked = new Map<string, number>();
  // The restore is told less than lies there; the comparison asks again.
  const forgetful: Bucket = new Proxy(world.vault, {
    get: (vault, name, receiver) =>
      name !== 'describe'
        ? (Reflect.get(vault, name, receiver) as unknown)
        : async (...args: Parameters<Bucket['describe']>) => {
            const described = await vault.describe(...args);
            asked.set(args[0], (asked.get(args[0]) ?? 0) + 1);
            return described && asked.get(args[0]) === 1 ? { ...described, attributes: {} } : described;
          },
  });
  const made = await drill({ vault: forgetful });
  expect(made.outcome).toBe('failed');
  expect(findings(made)).toMatch(/what describes it differs: .*x-amz-meta-number/);
});

test('an inventory that lists less than there was', async () => {
  const { manifest, prefix } = await world.latest();
  const forged = {
    ...manifest,
    totals: { ...manifest.totals, items: manifest.totals.items + 1 },
    mirrors: manifest.mirrors.map(({ inventory: [first, ...rest], objects, changes, ...mirror }) => ({
      ...mirror,
      inventory: [{ ...first, entries: first.entries + 1 }, ...rest],
      objects: objects + 1,
      changes: { ...changes, copied: changes.copied + 1 },
    })),
  };
  await world.store.put(`${prefix}${MANIFEST_NAME}`, Buffer.from(JSON.stringify(forged)));
  const made = await drill({ extent: 'sample', sampleItems: 3 });
  expect(made.outcome).toBe('failed');
  expect(findings(made)).toContain(`it has ${ALL} entries, the manifest says ${ALL + 1}`);
});

test('an empty mirror proves nothing', async () => {
  const empty = await lab.world(`drill-empty-${(worlds += 1)}`);
  await empty.made();
  world = empty;
  const made = await drill();
  expect([made.outcome, made.failure]).toEqual(['could not verify', null]);
});

test('without a way to the vault, or without a recovery point, it says so', async () => {
  const blind = await drill({ vault: undefined });
  expect([blind.outcome, blind.failure?.code]).toEqual(['could not verify', 'configuration-invalid']);
  const none = await drill({ source: 'nobody' });
  expect([none.outcome, none.failure?.code]).toEqual(['failed', 'point-missing']);
});
