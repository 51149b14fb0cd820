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
