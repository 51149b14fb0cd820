import { VERIFICATION_CHECKS, type RetentionClass, type Verification } from '../../../model';
import { findPoint, readPoint } from '../../../runtime/catalog/catalog';
import { readVerification } from '../../../runtime/catalog/verification-record';
import { BackupError } from '../../../runtime/errors';
import type { ObjectDescription } from '../../../runtime/store/store';
import { FaultyStore } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import { clockedStore, storePoint, verifyStored } from './support';

function told(verification: Verification): string[] {
  return verification.findings.map(({ subject, outcome, finding }) => `${subject} ${outcome}: ${finding}`);
}

test('a good point passes, and the result lies beside its manifest', async () => {
  const { store } = clockedStore();
  const point = await storePoint(store);
  const verification = await verifyStored(store, point);
  expect(told(verification)).toEqual([]);
  expect(verification).toMatchObject({
    format: 'postgres-backup/verification/1',
    point: point.manifest.point,
    source: 'orders',
    component: 'dump',
    outcome: 'passed',
    depth: 'stored',
    verifiedAt: '2026-11-20T03:00:00.000Z',
    objects: 1,
    totals: { storedBytes: 5000, items: 1000 },
  });
  expect(JSON.parse(String(store.bytesOf(`${point.prefix}verification.json`)))).toEqual(verification);
  expect(await readVerification(store, point.prefix)).toEqual(verification);
});

test('to verify again gives the same result', async () => {
  const { store } = clockedStore();
  const point = await storePoint(store);
  const first = await verifyStored(store, point);
  const second = await verifyStored(store, point);
  expect({ ...second, durationMs: 0 }).toEqual({ ...first, durationMs: 0 });
});

test('a restore is told how the verification of the point ended', async () => {
  const { store } = clockedStore();
  const point = await storePoint(store);
  expect((await readPoint(store, point.address)).verification).toBe('not verified');
  await verifyStored(store, point);
  expect((await readPoint(store, point.address)).verification).toBe('passed');
});

test('where the store keeps no checksum, nothing is proven', async () => {
  class WithoutChecksums extends MemoryStore {
    override async head(key: string, options = {}): Promise<ObjectDescription | undefined> {
      const found = await super.head(key, options);
      return found && { ...found, crc32: undefined };
    }
  }
  const store = new WithoutChecksums(() => new Date('2026-11-20T03:00:00Z'));
  const point = await storePoint(store);
  const verification = await verifyStored(store, point);
  expect(verification.outcome).toBe('could not verify');
  expect(told(verification)).toEqual([
    expect.stringMatching(/data-001\.dump\.zst could not verify: the store keeps no checksum of the whole/),
  ]);
});

describe('another manifest in the place of one that was verified', () => {
  test('fails now and ever after, although it is a good one', async () => {
    const { store } = clockedStore();
    const point = await storePoint(store);
    const { manifestSha256 } = await verifyStored(store, point);
    await storePoint(store, { change: (manifest) => ({ ...manifest, warnings: ['another'] }) });
    for (let times = 0; times < 2; times += 1) {
      const verification = await verifyStored(store, point);
      expect(verification).toMatchObject({ outcome: 'failed', manifestSha256 });
      expect(told(verification)).toEqual([
        'manifest failed: it is not the one that was verified on 2026-11-20T03:00:00.000Z: a manifest never changes',
      ]);
    }
  });

  test('is not the latest good one, even before it is verified again', async () => {
    const { store } = clockedStore();
    const older = await storePoint(store, { time: '2026-11-19T02:00:00Z' });
    const point = await storePoint(store);
    await verifyStored(store, point);
    expect((await findPoint(store, 'orders', 'dump', 'latest')).manifest.point).toBe(point.manifest.point);
    await storePoint(store, { change: (manifest) => ({ ...manifest, warnings: ['another'] }) });
    expect((await findPoint(store, 'orders', 'dump', 'latest')).manifest.point).toBe(older.manifest.point);
  });
});

test('a manifest that is gone fails what was verified; where nothing was, there is no point', async () => {
  const { store } = clockedStore();
  const point = await storePoint(store);
  await verifyStored(store, point);
  store.delete(`${point.prefix}manifest.json`);
  expect(told(await verifyStored(store, point))).toEqual([
    'manifest failed: it is gone, and was there when it was verified',
  ]);
  store.delete(`${point.prefix}verification.json`);
  await expect(verifyStored(store, point)).rejects.toMatchObject({ code: 'point-missing' });
  expect(store.bytesOf(`${point.prefix}verification.json`)).toBeUndefined();
});

test('a point that is named after the future fails: it would be the latest until then', async () => {
  const { store } = clockedStore('2026-11-20T00:30:00Z');
  const point = await storePoint(store, { time: '2026-11-20T02:00:00Z' });
  expect(told(await verifyStored(store, point))).toEqual([
    'manifest failed: it is of 2026-11-20T02:00:00.000Z, but the store received it on 2026-11-20T00:30:00.000Z',
  ]);
});

test('totals that are not those of its tables fail', async () => {
  const { store } = clockedStore();
  const point = await storePoint(store, {
    change: (manifest) => ({ ...manifest, totals: { ...manifest.totals, rows: 9, tables: 7 } }),
  });
  expect(await verifyStored(store, point)).toMatchObject({ outcome: 'failed', findings: [{ subject: 'manifest' }] });
});

test.each([
  [{ minimumTables: 2, minimumRows: 0 }, ['least content failed: it holds 1 table; there must be 2 at least']],
  [
    { minimumTables: 1, minimumRows: 2000 },
    ['least content failed: it holds 1,000 rows; there must be 2,000 at least'],
  ],
  [{ minimumTables: 1, minimumRows: 1000 }, []],
])('less than there must be fails: %j', async (expectations, findings) => {
  const { store } = clockedStore();
  expect(told(await verifyStored(store, await storePoint(store), { expectations }))).toEqual(findings);
});

describe('a point out of line with those before it', () => {
  const day = (number: number) => `2026-11-${String(number).padStart(2, '0')}T02:00:00Z`;
  /** Verified points, a day apart. */
  async function history(...sizes: { sizeBytes?: number; rows?: number; class?: RetentionClass }[]) {
    const { store, clock } = clockedStore();
    const verifications: Verification[] = [];
    for (const [index, size] of sizes.entries()) {
      clock.now = new Date(day(index + 1));
      verifications.push(await verifyStored(store, await storePoint(store, { time: day(index + 1), ...size })));
    }
    return verifications;
  }
  const usual = { sizeBytes: 1_000_000, rows: 100_000 };

  test.each([
    [
      { ...usual, rows: 10_000 },
      'content against history could not verify: it has shrunk to 10,000 rows; the median of the 4 before it is 100,000',
    ],
    [
      { ...usual, rows: 1_000_000 },
      'content against history could not verify: it has grown to 1,000,000 rows; the median of the 4 before it is 100,000',
    ],
    [
      { ...usual, sizeBytes: 100_000 },
      'size against history could not verify: it has shrunk to 100 kB; the median of the 4 before it is 1.0 MB',
    ],
  ])('could not be verified: %j', async (odd, finding) => {
    const last = (await history(usual, usual, usual, usual, odd)).at(-1);
    expect(last).toMatchObject({ outcome: 'could not verify' });
    expect(told(last as Verification)).toEqual([finding]);
  });

  test('is none among the first four', async () => {
    const found = await history(usual, { ...usual, rows: 1 }, { ...usual, rows: 1_000_000 }, usual);
    expect(found.map(({ outcome }) => outcome)).toEqual(['passed', 'passed', 'passed', 'passed']);
  });

  test('is compared with its own class only, where a person made it: it may hold a few tables', async () => {
    const byHand = { sizeBytes: 100, rows: 5, class: 'manual' as const };
    const found = await history(usual, usual, usual, usual, usual, byHand, usual);
    expect(found.map(({ outcome }) => outcome)).toEqual(Array(7).fill('passed'));
  });

  test('is found among the first of a class that a schedule makes: the fourth monthly one would be too late', async () => {
    const monthly = { ...usual, rows: 10_000, class: 'monthly' as const };
    const found = await history(usual, usual, usual, usual, monthly, { ...usual, class: 'monthly' });
    expect(found.map(({ outcome }) => outcome).slice(4)).toEqual(['could not verify', 'passed']);
  });

  test('is not compared with what failed: damage does not become the usual', async () => {
    const { store, clock } = clockedStore();
    for (let number = 1; number <= 14; number += 1) {
      clock.now = new Date(day(number));
      const damaged = number > 4 && number < 14;
      const made = await storePoint(store, { time: day(number), ...usual, rows: number > 4 ? 5 : 100_000 });
      if (damaged) store.delete(made.manifest.databases[0].data[0].object.key);
      const { outcome } = await verifyStored(store, made);
      expect(outcome).toBe(damaged ? 'failed' : number === 14 ? 'could not verify' : 'passed');
    }
  });

  test('finds the same when it is verified again after many like it', async () => {
    const { store, clock } = clockedStore();
    const points = [];
    for (let number = 1; number <= 25; number += 1) {
      clock.now = new Date(day(number));
      points.push(await storePoint(store, { time: day(number), ...usual, rows: number < 10 ? 100_000 : 10_000 }));
      await verifyStored(store, points[points.length - 1]);
    }
    expect((await verifyStored(store, points[9])).outcome).toBe('could not verify');
    expect((await verifyStored(store, points[24])).outcome).toBe('passed');
  });
});

describe('protection that was promised', () => {
  const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1';
  const DAY_SECONDS = 86_400;
  const expectations = { minimumTables: 1, minimumRows: 0, encryptionKey: KEY, lockSeconds: 14 * DAY_SECONDS };

  class ProtectedStore extends MemoryStore {
    constructor(private readonly change: (key: string) => Partial<ObjectDescription>) {
      super(() => new Date('2026-11-20T03:00:00Z'));
    }

    override async head(key: string, options = {}): Promise<ObjectDescription | undefined> {
      const found = await super.head(key, options);
      const lockedUntil = new Date('2026-12-04T03:00:00Z');
      return found && { ...found, encryption: 'aws:kms', kmsKeyId: KEY, lockedUntil, ...this.change(key) };
    }
  }

  async function findingsWith(description: Partial<ObjectDescription>, of = /data-001/) {
    const store = new ProtectedStore((key) => (of.test(key) ? description : {}));
    const point = await storePoint(store);
    return told(await verifyStored(store, point, { expectations })).map((line) => line.replace(point.prefix, ''));
  }

  test('and kept passes', async () => {
    expect(await findingsWith({})).toEqual([]);
  });

  test.each<[string, Partial<ObjectDescription>, string]>([
    ['another key', { kmsKeyId: 'arn:other' }, `failed: it is encrypted with arn:other, not with ${KEY}`],
    [
      'a key of the store',
      { encryption: 'AES256', kmsKeyId: undefined },
      `failed: it is encrypted with AES256, not with ${KEY}`,
    ],
    [
      'a store that does not say',
      { encryption: undefined, kmsKeyId: undefined },
      `could not verify: the store does not say how it is encrypted, not with ${KEY}`,
    ],
    ['no lock', { lockedUntil: undefined }, 'failed: it is not locked'],
    [
      'a shorter lock',
      { lockedUntil: new Date('2026-12-03T03:00:00Z') },
      'failed: it is locked until 2026-12-03T03:00:00.000Z, not until 2026-12-04T03:00:00.000Z',
    ],
  ])('but not kept is found: %s', async (_name, description, finding) => {
    expect(await findingsWith(description)).toEqual([`orders/data-001.dump.zst ${finding}`]);
    expect(await findingsWith(description, /manifest/)).toEqual([`manifest.json ${finding}`]);
  });
});

describe('a verification that is stopped', () => {
  test('is recorded as could not verify, also while the store does not answer', async () => {
    const { store } = clockedStore();
    const point = await storePoint(store);
    await verifyStored(store, point);
    const stalled = new FaultyStore(store, [{ on: 'head', key: /data-001/, effect: 'stall' }]);
    const controller = new AbortController();
    const running = verifyStored(stalled, point, { signal: controller.signal });
    setImmediate(() => controller.abort(new BackupError('deadline-exceeded', 'the time is over')));
    const verification = await running;
    expect(told(verification)).toEqual(['verification could not verify: the time is over']);
    expect(verification.outcome).toBe('could not verify');
    expect(await readVerification(store, point.prefix)).toEqual(verification);
  });

  test('before it began is recorded too, and forgets no manifest', async () => {
    const { store } = clockedStore();
    const point = await storePoint(store);
    const { manifestSha256 } = await verifyStored(store, point);
    const signal = AbortSignal.abort(new BackupError('deadline-exceeded', 'the time is over'));
    expect(await verifyStored(store, point, { signal })).toMatchObject({ outcome: 'could not verify', manifestSha256 });
  });

  test('before it read a manifest says nothing against the one that is there', async () => {
    const { store } = clockedStore();
    const point = await storePoint(store);
    const signal = AbortSignal.abort(new BackupError('deadline-exceeded', 'the time is over'));
    expect(await verifyStored(store, point, { signal })).toMatchObject({ manifestSha256: '' });
    expect((await readPoint(store, point.address)).verification).toBe('could not verify');
    expect((await verifyStored(store, point)).outcome).toBe('passed');
  });

  test('by a store that refuses is recorded, with what the store said', async () => {
    const { store } = clockedStore();
    const point = await storePoint(store);
    const denied = new FaultyStore(store, [
      { on: 'head', key: /data-001/, effect: 'fail', error: () => new BackupError('store-denied', 'access denied') },
    ]);
    const verification = await verifyStored(denied, point);
    expect(verification.findings).toEqual([
      { subject: VERIFICATION_CHECKS.interrupted, outcome: 'could not verify', finding: 'access denied' },
    ]);
  });

  test('does not end well when its result cannot be written', async () => {
    const { store } = clockedStore();
    const point = await storePoint(store);
    const broken = new FaultyStore(store, [{ on: 'put', effect: 'fail' }]);
    await expect(verifyStored(broken, point)).rejects.toMatchObject({ code: 'store-unreachable' });
  });
});

test('a result of a format that is not known counts as none', async () => {
  const { store } = clockedStore();
  const point = await storePoint(store);
  const verification = await verifyStored(store, point);
  const other = { ...verification, format: 'postgres-backup/verification/2' };
  await store.put(`${point.prefix}verification.json`, Buffer.from(JSON.stringify(other)));
  expect((await readPoint(store, point.address)).verification).toBe('not verified');
});

test('what says that it failed is believed in any form', async () => {
  const { store } = clockedStore();
  const older = await storePoint(store, { time: '2026-11-19T02:00:00Z' });
  const point = await storePoint(store);
  await store.put(`${point.prefix}verification.json`, Buffer.from('{"outcome":"failed"}'));
  expect((await findPoint(store, 'orders', 'dump', 'latest')).manifest.point).toBe(older.manifest.point);
});

test('what is no result counts as none', async () => {
  const { store } = clockedStore();
  const point = await storePoint(store);
  for (const text of ['', '{', 'null', '[]', '{"outcome":"passed"}', '{"format":"postgres-backup/verification/1"}']) {
    await store.put(`${point.prefix}verification.json`, Buffer.from(text));
    expect((await readPoint(store, point.address)).verification).toBe('not verified');
  }
});
