/** The records of drills are a chain: none is changed, taken away or put in between unseen. */
import { drillKey, type Drill } from '../../../model';
import {
  chainProblems,
  lastRecord,
  listDrillKeys,
  readDrill,
  writeDrill,
  type StoredDrill,
} from '../../../runtime/drill/records';
import { failureOf } from '../../support/failure-of';
import { MemoryStore } from '../../support/memory-store';
import { exampleDrill } from './support/example-drill';

const IDS = ['20261109T054000Z-aaaaaa', '20261116T054000Z-bbbbbb', '20261123T054000Z-cccccc'];

let store: MemoryStore;

beforeEach(async () => {
  store = new MemoryStore();
  for (const id of IDS)
    await writeDrill(store, exampleDrill({ drill: id, previous: await lastRecord(store, 'orders') }));
});

async function readAll(): Promise<StoredDrill[]> {
  return Promise.all((await listDrillKeys(store, 'orders')).map((key) => readDrill(store, key)));
}

const put = (drill: Drill): Promise<unknown> =>
  store.put(drillKey('orders', drill.drill), Buffer.from(JSON.stringify(drill)));

test('each names the one before it; a sound chain has no problem', async () => {
  const records = await readAll();
  expect(records.map(({ drill }) => drill.previous?.key ?? null)).toEqual([
    null,
    'orders/drills/2026/11/09/20261109T054000Z-aaaaaa/drill.json',
    'orders/drills/2026/11/16/20261116T054000Z-bbbbbb/drill.json',
  ]);
  expect(records.map(({ drill }) => drill.previous?.sha256).slice(1)).toEqual(
    records.slice(0, 2).map(({ sha256 }) => sha256),
  );
  expect(chainProblems(records)).toEqual([]);
});

test('a record that was changed', async () => {
  const [, second] = await readAll();
  await put({ ...second.drill, outcome: 'failed' });
  expect(chainProblems(await readAll())).toEqual([
    expect.stringMatching(/bbbbbb\/drill.json was changed since .*cccccc/),
  ]);
});

test('a record that is gone', async () => {
  const records = await readAll();
  expect(chainProblems(records.filter((_record, index) => index !== 1))).toEqual([
    expect.stringMatching(/bbbbbb\/drill.json is gone: .*cccccc\/drill.json names it/),
    expect.stringMatching(/aaaaaa\/drill.json is named by none after it/),
  ]);
});

test('a record that was put there later', async () => {
  await put(exampleDrill({ drill: '20261118T054000Z-dddddd', previous: null }));
  expect(chainProblems(await readAll())).toEqual([
    expect.stringMatching(/dddddd\/drill.json is named by none after it/),
  ]);
});

test('drills that overlap end in another order than they began: each names the one that was written before it', async () => {
  for (const [id, startedAt, finishedAt] of [
    // Begun last, done first.
    ['20261201T060000Z-eeeeee', '2026-12-01T06:00:00.000Z', '2026-12-01T06:10:00.000Z'],
    ['20261201T054000Z-dddddd', '2026-12-01T05:40:00.000Z', '2026-12-01T09:00:00.000Z'],
    ['20261208T054000Z-ffffff', '2026-12-08T05:40:00.000Z', '2026-12-08T05:50:00.000Z'],
  ]) {
    const previous = await lastRecord(store, 'orders');
    await writeDrill(store, exampleDrill({ drill: id, startedAt, finishedAt, previous }));
    expect(chainProblems(await readAll())).toEqual([]);
  }
});

test('what is no record is named by none, and hides none', async () => {
  await store.put(drillKey('orders', '20261201T054000Z-dddddd'), Buffer.from('no record'));
  expect(await lastRecord(store, 'orders')).toMatchObject({ key: drillKey('orders', IDS[2]) });
});

test.each(['startedAt', 'finishedAt', 'issues', 'checks', 'databases', 'phases'])(
  'a record without %s is none',
  async (name) => {
    await store.put(drillKey('orders', IDS[0]), Buffer.from(JSON.stringify({ ...exampleDrill(), [name]: undefined })));
    expect((await failureOf(readAll())).code).toBe('manifest-invalid');
  },
);

test('a record is never written over, and what is none is refused', async () => {
  expect((await failureOf(writeDrill(store, exampleDrill({ drill: IDS[0] })))).code).toBe('store-conflict');
  await store.put(drillKey('orders', IDS[0]), Buffer.from('{}'));
  expect((await failureOf(readAll())).code).toBe('manifest-invalid');
});
