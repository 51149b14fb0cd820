import type { Manifest } from '../../../model';
import { checkFloor, checkHistory, totalsOf } from '../../../runtime/verification/content';
import { DEFAULT_EXPECTATIONS } from '../../../runtime/verification/expectations';
import { clockedStore, storePoint } from './support';

async function manifestWith(totals: { storedBytes?: number; tables?: number; rows?: number }) {
  const { manifest } = await storePoint(clockedStore().store);
  return { ...manifest, totals: { ...manifest.totals, ...totals } };
}

test('a point that holds no byte fails, whatever was expected', async () => {
  const nothing = { minimumTables: 0, minimumRows: 0 };
  expect(checkFloor(await manifestWith({}), DEFAULT_EXPECTATIONS)).toEqual([]);
  expect(checkFloor(await manifestWith({ storedBytes: 0 }), nothing)).toEqual([
    { subject: 'least content', outcome: 'failed', finding: 'it holds no byte' },
  ]);
});

test('everything that is missing is told at once', async () => {
  const empty = await manifestWith({ storedBytes: 0, tables: 0, rows: 0 });
  const found = checkFloor(empty, { minimumTables: 1, minimumRows: 1 });
  expect(found.map(({ finding }) => finding)).toEqual([
    'it holds no byte',
    'it holds 0 tables; there must be 1 at least',
    'it holds 0 rows; there must be 1 at least',
  ]);
});

test('a dump is counted in rows', async () => {
  expect(totalsOf(await manifestWith({}))).toEqual({ storedBytes: 5000, items: 1000 });
});

test('size and content are each compared with their own history', () => {
  const history = Array.from({ length: 5 }, () => ({ storedBytes: 1e9, items: 1e6 }));
  const subjects = (storedBytes: number, items: number) =>
    checkHistory('dump', { storedBytes, items }, history).map(({ subject }) => subject);
  expect(subjects(1e9, 1e6)).toEqual([]);
  expect(subjects(1e8, 1e6)).toEqual(['size against history']);
  expect(subjects(1e9, 1e7)).toEqual(['content against history']);
  expect(subjects(1e8, 1e5)).toEqual(['size against history', 'content against history']);
});

test('a full one among those of what changed, and one of these among full ones, is as large as it should be', () => {
  const changes = { storedBytes: 1e7, items: 1000, kind: 'incremental' as const };
  const full = { storedBytes: 1e9, items: 1000 };
  const week = [changes, changes, changes, full, changes, changes];
  expect(checkHistory('base-backup', full, week)).toEqual([]);
  expect(checkHistory('base-backup', changes, [full, full, full, full, ...week])).toEqual([]);
  // Each kind is compared all the same.
  expect(checkHistory('base-backup', { ...changes, storedBytes: 1e9 }, week)).toHaveLength(1);
});

test('what stores changes is told from what stores everything', async () => {
  const { manifest } = await storePoint(clockedStore().store);
  const base = { ...manifest, component: 'base-backup', dependsOn: ['20261119T021003Z-aaaaaa'] } as unknown as Manifest;
  expect(totalsOf(base).kind).toBe('incremental');
  const volumes = [{ kind: 'full' }, { kind: 'incremental' }];
  expect(totalsOf({ ...manifest, component: 'files', volumes } as unknown as Manifest).kind).toBe('incremental');
  expect(
    totalsOf({ ...manifest, component: 'files', volumes: [{ kind: 'full' }] } as unknown as Manifest).kind,
  ).toBeUndefined();
});
