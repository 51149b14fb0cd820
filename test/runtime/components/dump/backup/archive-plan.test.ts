/** Spreading tables over archives: nothing is left out, nothing is there twice, and no archive is much larger than it must be. */
import fc from 'fast-check';
import {
  MAXIMUM_NAMED_TABLES,
  planArchives,
  SPREAD_ARCHIVES,
  SPREAD_FROM_BYTES,
  type PlannableTable,
} from '../../../../../runtime/components/dump/backup/archive-plan';

const MIB = 2 ** 20;
const table = fc.record<PlannableTable>({
  class: fc.constantFrom('critical', 'important', 'important', 'important', 'ephemeral'),
  sizeBytes: fc.oneof(fc.integer({ min: 0, max: MIB }), fc.integer({ min: MIB, max: 2_000 * MIB })),
});
const tables = fc.array(table, { maxLength: 80 });
const jobs = fc.integer({ min: 1, max: 8 });
const runs = { seed: 11, numRuns: 400 };

it('every table is in exactly one archive, and an ephemeral one in none', () => {
  fc.assert(
    fc.property(tables, jobs, (given, count) => {
      const placed = planArchives(given, count).flatMap((archive) => archive.tables);
      const expected = given.flatMap((one, index) => (one.class === 'ephemeral' ? [] : [index]));
      expect(placed.sort((a, b) => a - b)).toEqual(expected);
    }),
    runs,
  );
});

it('there is exactly one rest, it comes last, and it is there even for no table at all', () => {
  fc.assert(
    fc.property(tables, jobs, (given, count) => {
      const plans = planArchives(given, count);
      expect(plans.map(({ selection }) => selection)).toEqual([...plans.slice(1).map(() => 'named'), 'rest']);
      expect(plans.at(-1)?.class).toBe('important');
    }),
    runs,
  );
  expect(planArchives([], 4)).toEqual([{ class: 'important', tables: [], selection: 'rest' }]);
});

it('critical tables share no archive with others, and their archives come first', () => {
  fc.assert(
    fc.property(tables, jobs, (given, count) => {
      const plans = planArchives(given, count);
      for (const plan of plans) for (const index of plan.tables) expect(given[index].class).toBe(plan.class);
      const classes = plans.map((plan) => plan.class);
      expect(classes.lastIndexOf('critical')).toBeLessThan(classes.indexOf('important'));
    }),
    runs,
  );
});

it('no archive is larger than the mean share and the largest table together, but for what is too small to be named', () => {
  fc.assert(
    fc.property(tables, jobs, (given, count) => {
      const important = given.filter((one) => one.class === 'important');
      const total = important.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const archives = Math.max(count, total >= SPREAD_FROM_BYTES ? SPREAD_ARCHIVES : 1);
      const namedFrom = Math.max(MIB, (total / archives) * 0.02);
      const small = important
        .filter(({ sizeBytes }) => sizeBytes < namedFrom)
        .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const largest = Math.max(0, ...important.map(({ sizeBytes }) => sizeBytes));
      for (const plan of planArchives(given, count).filter((one) => one.class === 'important')) {
        const sizeBytes = plan.tables.reduce((sum, index) => sum + given[index].sizeBytes, 0);
        expect(sizeBytes).toBeLessThanOrEqual(Math.max(total / archives + largest, small));
      }
    }),
    runs,
  );
});

it('a small database stays in one archive; a large one is spread even for one job, so that its restore can be parallel', () => {
  const of = (sizeBytes: number, count: number) =>
    Array.from({ length: count }, () => ({ class: 'important' as const, sizeBytes }));
  expect(planArchives(of(MIB, 100), 1)).toHaveLength(1);
  expect(planArchives(of(100 * MIB, 10), 1)).toHaveLength(SPREAD_ARCHIVES);
  expect(planArchives(of(100 * MIB, 10), 6)).toHaveLength(6);
});

it('more names than a command line takes are refused with what to do', () => {
  const critical = Array.from({ length: MAXIMUM_NAMED_TABLES + 1 }, () => ({
    class: 'critical' as const,
    sizeBytes: 1,
  }));
  expect(() => planArchives(critical, 1)).toThrow(/4001 tables are classed critical/);
  expect(planArchives(critical.slice(1), 1)).toHaveLength(2);
});
