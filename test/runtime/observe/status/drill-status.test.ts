/** How the drills stand: in the status, its metrics and its words. */
import type { Drill } from '../../../../model';
import { statusAnswer } from '../../../../runtime/cli/output/status-output';
import { drillKey, NO_POINT_AGE_SECONDS } from '../../../../model';
import { readDrillStatus } from '../../../../runtime/observe/status/drill-status';
import { evaluate } from '../../../../runtime/observe/status/evaluate';
import { measureStatus } from '../../../../runtime/observe/status/measure-status';
import type { SourceStatus } from '../../../../runtime/observe/status/source-status';
import { writeDrill } from '../../../../runtime/drill/records';
import { styleFor } from '../../../../runtime/observe/style';
import type { ListEntry, ListOptions } from '../../../../runtime/store/store';
import { MemoryStore } from '../../../support/memory-store';
import { exampleDrill } from '../../drill/support/example-drill';

const PLAIN = styleFor({ write: () => true }, {});
const OBJECTIVES = { newestSeconds: 3600, newestVerifiedSeconds: 3600 };

/** Its clock is this machine's. */
class StoreOfToday extends MemoryStore {
  override async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ListEntry> {
    for await (const entry of super.list(prefix, options)) {
      yield entry.kind === 'object' ? { ...entry, lastModified: new Date() } : entry;
    }
  }
}

/** As the freshness function sees it: a dump of so many bytes, and the drills in the vault. */
async function statusWith(records: readonly Drill[], newestBytes = 1_900_000_000): Promise<SourceStatus> {
  const store = new StoreOfToday();
  for (const record of records) await writeDrill(store, record);
  const at = new Date(Date.now() + 60_000);
  const drills = await readDrillStatus(store, 'orders', newestBytes);
  const dump = {
    component: 'dump',
    newest: null,
    newestVerified: null,
    oldest: null,
    oldestVerification: null,
    kept: {},
    notGood: [],
    failedRuns: [],
  } as const;
  return { source: 'orders', vault: store.uri, at, components: [dump], ...(drills && { drills }) };
}

const ago = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
const passed = exampleDrill({ drill: '20261101T000000Z-aaaaaa', startedAt: ago(9) });
const failed = exampleDrill({
  drill: '20261108T000000Z-bbbbbb',
  startedAt: ago(2),
  outcome: 'failed',
  restoreMs: null,
  issues: [{ subject: 'row counts', outcome: 'failed', finding: 'table "t" has 1 rows, 2 in the backup' }],
});

const metricsOf = (status: SourceStatus) => measureStatus(status)[0].values;
const drillLine = (status: SourceStatus) =>
  statusAnswer(status, evaluate(status, OBJECTIVES))
    .lines(PLAIN)
    .filter((line) => /drill|restore takes/.test(line));

test('before the first drill nothing is published, and the words say so', async () => {
  const status = await statusWith([]);
  expect(metricsOf(status)).not.toHaveProperty('newestDrilledAge');
  expect(drillLine(status)).toEqual(['  drill      none yet']);
});

test('the newest passed: its age, and what a restore takes', async () => {
  const status = await statusWith([passed]);
  expect(metricsOf(status)).toMatchObject({
    lastDrillFailed: 0,
    lastDrillUnverified: 0,
    projectedRestoreDuration: 692,
  });
  expect(Math.abs((metricsOf(status).newestDrilledAge ?? 0) - 9 * 86_400)).toBeLessThan(3600);
  expect(drillLine(status)).toEqual(['  drill      9 days ago   passed   restored in 11 min 32 s   objective 4 h']);
});

test('the newest failed: the age is that of the one that passed before it', async () => {
  const status = await statusWith([passed, failed]);
  expect(metricsOf(status)).toMatchObject({ lastDrillFailed: 1, lastDrillUnverified: 0 });
  expect(Math.abs((metricsOf(status).newestDrilledAge ?? 0) - 9 * 86_400)).toBeLessThan(3600);
  expect(drillLine(status)).toEqual([
    '  drill      2 days ago   failed   passed 9 days ago   restored in 11 min 32 s   objective 4 h',
    '  ✗ drill 20261108T000000Z-bbbbbb: row counts: table "t" has 1 rows, 2 in the backup',
  ]);
});

test('none passed: as old as can be; one that could not find out counts apart', async () => {
  const status = await statusWith([{ ...failed, outcome: 'could not verify' }]);
  expect(metricsOf(status)).toMatchObject({
    lastDrillFailed: 0,
    lastDrillUnverified: 1,
    newestDrilledAge: NO_POINT_AGE_SECONDS,
  });
  expect(metricsOf(status)).not.toHaveProperty('projectedRestoreDuration');
});

describe('of an old point that somebody asked for', () => {
  const old = exampleDrill({
    drill: '20261119T000000Z-cccccc',
    startedAt: ago(1),
    insteadOf: '20261118T021003Z-4k2m9x',
  });

  const drilledDays = (status: SourceStatus) => Math.round((metricsOf(status).newestDrilledAge ?? 0) / 86_400);

  test('a drill that passed makes nothing look newer, and quiets no alarm', async () => {
    expect(metricsOf(await statusWith([passed, failed, old]))).toMatchObject({ lastDrillFailed: 1 });
    const status = await statusWith([passed, old]);
    expect(drilledDays(status)).toBe(9);
    expect(drillLine(status)).toEqual(['  drill      9 days ago   passed   restored in 11 min 32 s   objective 4 h']);
  });

  test('a whole archive of them hides none that counts; alone they are as none', async () => {
    const many = Array.from({ length: 30 }, (_, index) => ({
      ...old,
      drill: `20261119T0000${String(index + 10)}Z-cccccc`,
    }));
    expect(drilledDays(await statusWith([passed, ...many]))).toBe(9);
    expect(metricsOf(await statusWith(many))).not.toHaveProperty('newestDrilledAge');
  });

  test('a drill that failed is bad news all the same', async () => {
    const bad = { ...old, outcome: 'failed' as const, issues: failed.issues };
    expect(metricsOf(await statusWith([passed, bad]))).toMatchObject({ lastDrillFailed: 1 });
  });
});

test('a record that nobody can read is no comfort', async () => {
  const store = new MemoryStore();
  await store.put(drillKey('orders', passed.drill), Buffer.from('{}'));
  const drills = await readDrillStatus(store, 'orders', 1);
  expect(drills).toMatchObject({ newest: { outcome: 'could not verify' }, newestPassed: null });
});

test('with more data than was drilled a restore takes longer, and misses the objective that it kept', async () => {
  const status = await statusWith([passed], 19_000_000_000 * 4);
  const results = evaluate(status, OBJECTIVES).filter(({ objective }) => objective === 'restore time');
  expect(results).toEqual([
    { component: 'dump', objective: 'restore time', ageSeconds: 2 + 690 * 40, objectiveSeconds: 14_400, met: false },
  ]);
  expect(metricsOf(status).projectedRestoreDuration).toBe(27_602);
  expect(drillLine(status)).toContain('  ✗ dump: a restore takes about 7 h 40 min (objective 4 h)');
});

test('a record from the future is no newer than the store received it', async () => {
  const status = await statusWith([{ ...passed, startedAt: ago(-400) }]);
  expect(metricsOf(status).newestDrilledAge ?? 0).toBeGreaterThanOrEqual(59);
});
