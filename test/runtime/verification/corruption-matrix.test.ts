/**
 * Everything that can happen to a stored recovery point, seeded: all of it must be found, and nothing in what is good. The
 * points are real dumps; what each depth can see is stated beside the damage.
 */
import { MANIFEST_NAME, manifestObjects, serialiseManifest, type DumpManifest, type VerifyDepth } from '../../../model';
import type { DumpPoint } from '../../../runtime/catalog/recovery-point';
import { findPoint } from '../../../runtime/catalog/catalog';
import { verifyAndRecord } from '../../../runtime/verification/verify-and-record';
import { Lab, manifestOf } from '../../support/lab';
import { MemoryStore } from '../../support/memory-store';
import { Seeded } from '../../support/seeded';
import { verifyOptions } from './support';

const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1);
const BOTH: readonly VerifyDepth[] = ['stored', 'read'];
const WHEN_READ: readonly VerifyDepth[] = ['read'];

let lab: Lab;
/** Two dumps of one database, the second with a row more. */
let clean: MemoryStore;
let point: DumpPoint;
let other: DumpPoint;

beforeAll(async () => {
  lab = await Lab.start();
  clean = new MemoryStore(() => new Date());
  await lab.database(
    'orders',
    `CREATE TABLE customers (id int PRIMARY KEY, name text);
     CREATE TABLE payments (id int PRIMARY KEY, amount numeric);
     INSERT INTO customers SELECT n, md5(n::text) FROM generate_series(1, 2000) n;
     INSERT INTO payments SELECT n, n * 1.5 FROM generate_series(1, 500) n;`,
  );
  other = await dump();
  await lab.sql('orders', "INSERT INTO customers VALUES (0, 'one more')");
  point = await dump();
}, 120_000);

afterAll(() => lab.stop());

async function dump(): Promise<DumpPoint> {
  const request = { globals: true, criticalTables: ['public.payments'] };
  const { source, point: id } = manifestOf(await lab.backup('orders', request, { store: clean }));
  return findPoint(clean, source, 'dump', id);
}

function verify(store: MemoryStore, depth: VerifyDepth, of = point) {
  return verifyAndRecord(store, of.address, verifyOptions({ depth }));
}

function objectsOf({ manifest }: DumpPoint) {
  const objects = manifestObjects(manifest);
  // Globals, schema, and the archives of the critical and of the other tables.
  expect(objects).toHaveLength(4);
  return objects;
}

test('in a store without checksums only what was read is verified, and stays so by asking alone until something is wrong', async () => {
  const store = clean.copy();
  const head = store.head.bind(store);
  store.head = async (key, options) => {
    const found = await head(key, options);
    return found && { ...found, crc32: undefined };
  };
  const outcomes: string[] = [];
  const read: (string | undefined)[] = [];
  const look = async (depth: VerifyDepth) => {
    const { outcome, readAt } = await verify(store, depth);
    outcomes.push(outcome);
    read.push(readAt);
  };
  for (const depth of ['stored', 'read', 'stored', 'stored'] as const) await look(depth);
  expect(outcomes).toEqual(['could not verify', 'passed', 'passed', 'passed']);
  expect(read).toEqual([undefined, ...Array<unknown>(3).fill(expect.any(String))]);

  const [{ key }] = objectsOf(point);
  store.damage(key, (bytes) => bytes.subarray(1));
  await look('stored');
  store.damage(key, (bytes) => Buffer.concat([Buffer.alloc(1), bytes]));
  // Its size is right again; what failed once is believed only when it was read.
  await look('stored');
  await look('read');
  expect(outcomes.slice(4)).toEqual(['failed', 'could not verify', 'failed']);
  expect(read.slice(4)).toEqual([undefined, undefined, undefined]);
});

describe.each(BOTH)('what is good passes (%s):', (depth) => {
  test('as it was stored, once and again', async () => {
    const store = clean.copy();
    for (const each of [point, other, point, other]) {
      expect(await verify(store, depth, each)).toMatchObject({ outcome: 'passed', findings: [], objects: 4 });
    }
  });

  test('with other versions put on top of every object: the manifest names its own', async () => {
    for (const seed of SEEDS) {
      const store = clean.copy();
      for (const { key, sizeBytes } of objectsOf(point)) await store.put(key, new Seeded(seed).bytes(sizeBytes));
      expect(await verify(store, depth)).toMatchObject({ outcome: 'passed' });
    }
  });
});

interface Damage {
  readonly name: string;
  readonly depths: readonly VerifyDepth[];
  /** Damages one object of the point. */
  readonly damage: (store: MemoryStore, key: string, random: Seeded) => Promise<void> | void;
}

const OBJECT_DAMAGES: readonly Damage[] = [
  // A store that flips bits without noticing tells the checksum of before: only reading shows it.
  { name: 'one bit flipped', depths: WHEN_READ, damage: (store, key, random) => store.damage(key, flipped(random)) },
  {
    name: 'some bytes overwritten',
    depths: WHEN_READ,
    damage: (store, key, random) => store.damage(key, (bytes) => overwritten(bytes, random)),
  },
  {
    name: 'its end cut off',
    depths: BOTH,
    damage: (store, key, random) => store.damage(key, (bytes) => bytes.subarray(0, random.below(bytes.length))),
  },
  {
    name: 'its beginning cut off',
    depths: BOTH,
    damage: (store, key, random) => store.damage(key, (bytes) => bytes.subarray(1 + random.below(bytes.length - 1))),
  },
  {
    name: 'bytes put behind it',
    depths: BOTH,
    damage: (store, key, random) =>
      store.damage(key, (bytes) => Buffer.concat([bytes, random.bytes(1 + random.below(100))])),
  },
  { name: 'missing', depths: BOTH, damage: (store, key) => store.delete(key) },
  {
    name: 'another version in the place of its own',
    depths: BOTH,
    damage: async (store, key, random) => {
      const bytes = store.bytesOf(key) ?? Buffer.alloc(0);
      store.delete(key);
      await store.put(key, overwritten(bytes, random));
    },
  },
];

describe.each(OBJECT_DAMAGES)('an object with $name', ({ depths, damage }) => {
  test.each(depths)('is found and named (%s)', async (depth) => {
    for (const seed of SEEDS) {
      const random = new Seeded(seed);
      for (const { key } of objectsOf(point)) {
        const store = clean.copy();
        await damage(store, key, random);
        const { outcome, findings } = await verify(store, depth);
        expect({ seed, key, outcome, subjects: findings.map(({ subject }) => subject) }).toEqual({
          seed,
          key,
          outcome: 'failed',
          subjects: [key],
        });
        // The other point is none of its business.
        expect((await verify(store, 'stored', other)).outcome).toBe('passed');
      }
    }
  });
});

test('two objects that changed places are found, each', async () => {
  const objects = objectsOf(point);
  for (const [index, one] of objects.entries()) {
    for (const two of objects.slice(index + 1)) {
      const store = clean.copy();
      const bytes = [one, two].map(({ key }) => store.bytesOf(key) ?? Buffer.alloc(0));
      store.damage(one.key, () => bytes[1]);
      store.damage(two.key, () => bytes[0]);
      const { outcome, findings } = await verify(store, 'read');
      expect(outcome).toBe('failed');
      expect(findings.map(({ subject }) => subject)).toEqual([one.key, two.key]);
    }
  }
});

test('objects of an older point in the place of its own are found', async () => {
  const older = objectsOf(other);
  for (const [index, { key, sha256 }] of objectsOf(point).entries()) {
    // What did not change in between may well be the same.
    if (older[index].sha256 === sha256) continue;
    const store = clean.copy();
    store.damage(key, () => clean.bytesOf(older[index].key) ?? Buffer.alloc(0));
    expect(await verify(store, 'read')).toMatchObject({ outcome: 'failed', findings: [{ subject: key }] });
  }
});

describe('a manifest', () => {
  const keyOf = ({ prefix }: DumpPoint) => `${prefix}${MANIFEST_NAME}`;

  async function outcomeWith(store: MemoryStore, text: string): Promise<string> {
    await store.put(keyOf(point), Buffer.from(text));
    return (await verify(store, 'stored')).outcome;
  }

  test('that was verified and has one bit flipped is found, wherever the bit is', async () => {
    const store = clean.copy();
    expect((await verify(store, 'stored')).outcome).toBe('passed');
    for (const seed of SEEDS.flatMap((one) => [one, one * 100, one * 10_000])) {
      const damaged = store.copy();
      damaged.damage(keyOf(point), flipped(new Seeded(seed)));
      expect({ seed, outcome: (await verify(damaged, 'stored')).outcome }).toEqual({ seed, outcome: 'failed' });
    }
  });

  test('that is cut off, empty or no manifest is found', async () => {
    const text = serialiseManifest(point.manifest);
    const pieces = SEEDS.map((seed) => text.slice(0, new Seeded(seed).below(text.length - 2)));
    for (const piece of [...pieces, '', 'null', '[]', '{}', '"manifest"', '{"format":"postgres-backup/1"}']) {
      expect({ piece, outcome: await outcomeWith(clean.copy(), piece) }).toEqual({ piece, outcome: 'failed' });
    }
  });

  test('of another point is found, verified before or not', async () => {
    const store = clean.copy();
    expect(await outcomeWith(store, serialiseManifest(other.manifest))).toBe('failed');
    const verified = clean.copy();
    await verify(verified, 'stored');
    expect(await outcomeWith(verified, serialiseManifest(other.manifest))).toBe('failed');
  });

  test('that is an older one in its own place is found: a good one, of what was stored there before', async () => {
    const store = clean.copy();
    await verify(store, 'stored');
    const older: DumpManifest = { ...point.manifest, finishedAt: '2026-01-01T00:00:00.000Z' };
    expect(await outcomeWith(store, serialiseManifest(older))).toBe('failed');
  });

  test.each<[string, (manifest: DumpManifest) => DumpManifest]>([
    ['another source', (manifest) => ({ ...manifest, source: 'billing' })],
    ['another class', (manifest) => ({ ...manifest, class: 'yearly' })],
    ['no globals', (manifest) => ({ ...manifest, globals: null })],
    ['no database', (manifest) => ({ ...manifest, databases: [] })],
    ['an archive less', (manifest) => changeDatabase(manifest, ({ data }) => ({ data: data.slice(1) }))],
    ['an archive twice', (manifest) => changeDatabase(manifest, ({ data }) => ({ data: [data[0], data[0]] }))],
    ['a table less', (manifest) => changeDatabase(manifest, ({ tables }) => ({ tables: tables.slice(0, -1) }))],
    ['totals of its own', (manifest) => ({ ...manifest, totals: { ...manifest.totals, rows: 1 } })],
    ['another version of an object', (manifest) => changeGlobals(manifest, { versionId: 'v999' })],
    ['another size of an object', (manifest) => changeGlobals(manifest, { sizeBytes: 1 })],
    ['another checksum of an object', (manifest) => changeGlobals(manifest, { crc32: 'AAAAAA==' })],
    ['an object of another point', (manifest) => changeGlobals(manifest, { key: other.manifest.globals?.key })],
  ])('with %s is found before it was ever verified', async (_name, change) => {
    expect(await outcomeWith(clean.copy(), serialiseManifest(change(point.manifest)))).toBe('failed');
  });

  test('with other counts of rows is found when the archives are read', async () => {
    const store = clean.copy();
    const [customers, payments] = [1, -1];
    const changed = changeDatabase(point.manifest, ({ tables }) => ({
      tables: tables.map((table, index) => ({
        ...table,
        rows: (table.rows ?? 0) + (index === 0 ? customers : payments),
      })),
    }));
    await store.put(keyOf(point), Buffer.from(serialiseManifest(changed)));
    expect((await verify(store, 'read')).outcome).toBe('failed');
  });
});

function flipped(random: Seeded): (bytes: Buffer) => Buffer {
  return (bytes) => {
    bytes[random.below(bytes.length)] ^= 1 << random.below(8);
    return bytes;
  };
}

/** Changes for certain: a byte becomes another one. */
function overwritten(bytes: Buffer, random: Seeded): Buffer {
  const changed = Buffer.from(bytes);
  const start = random.below(changed.length);
  for (let at = start; at < Math.min(changed.length, start + 16); at += 1) changed[at] ^= 1 + random.below(255);
  return changed;
}

type Database = DumpManifest['databases'][number];

function changeDatabase(manifest: DumpManifest, change: (database: Database) => Partial<Database>): DumpManifest {
  return { ...manifest, databases: manifest.databases.map((database) => ({ ...database, ...change(database) })) };
}

function changeGlobals(manifest: DumpManifest, change: Partial<NonNullable<DumpManifest['globals']>>): DumpManifest {
  return { ...manifest, globals: manifest.globals && { ...manifest.globals, ...change } };
}
