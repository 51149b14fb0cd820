import { checkFloor, checkHistory, checkTotals, totalsOf } from '../../../runtime/verification/content';
import { DEFAULT_EXPECTATIONS } from '../../../runtime/verification/expectations';
import { clockedStore, storePoint } from './support';

const FULL = { storedBytes: 5000, tables: 1, rows: 1000 };

test('a point that holds no byte fails, whatever was expected', () => {
  const nothing = { minimumTables: 0, minimumRows: 0 };
  expect(checkFloor(FULL, DEFAULT_EXPECTATIONS)).toEqual([]);
  expect(checkFloor({ ...FULL, storedBytes: 0 }, nothing)).toEqual([
    { subject: 'least content', outcome: 'failed', finding: 'it holds no byte' },
  ]);
});

test('everything that is missing is told at once', () => {
  const found = checkFloor({ storedBytes: 0, tables: 0, rows: 0 }, { minimumTables: 1, minimumRows: 1 });
  expect(found.map(({ finding }) => finding)).toEqual([
    'it holds no byte',
    'it holds 0 tables; there must be 1 at least',
    'it holds 0 rows; there must be 1 at least',
  ]);
});

test('an empty backup that says it is full is found', async () => {
  const { manifest } = await storePoint(clockedStore().store);
  expect(checkTotals(manifest)).toEqual([]);
  expect(totalsOf(manifest)).toEqual(FULL);
  for (const lie of [{ rows: 999 }, { tables: 2 }]) {
    const found = checkTotals({ ...manifest, totals: { ...manifest.totals, ...lie } });
    expect(found).toEqual([expect.objectContaining({ subject: 'manifest', outcome: 'failed' })]);
  }
});

test('size and rows are each compared with their own history', () => {
  const history = Array.from({ length: 5 }, () => ({ storedBytes: 1e9, tables: 10, rows: 1e6 }));
  const subjects = (storedBytes: number, rows: number) =>
    checkHistory({ storedBytes, tables: 10, rows }, history).map(({ subject }) => subject);
  expect(subjects(1e9, 1e6)).toEqual([]);
  expect(subjects(1e8, 1e6)).toEqual(['size against history']);
  expect(subjects(1e9, 1e7)).toEqual(['rows against history']);
  expect(subjects(1e8, 1e5)).toEqual(['size against history', 'rows against history']);
});
