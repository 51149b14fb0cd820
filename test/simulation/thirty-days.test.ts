import { deployProductionPlan } from './support/plan-stack';
import { RetentionPromise } from './support/promise';
import { World } from './support/world';

/** With the end of a month in it, and the night in which Berlin puts its clocks back. */
const START = new Date('2026-10-04T00:30:00Z');
const HOUR_MS = 3_600_000;
/** Simulated days take real seconds, more of them on a busy machine. */
const LONG_MS = 600_000;

const deployment = deployProductionPlan();

describe('a production plan, as its template says', () => {
  it(
    'lives for 33 days without an alarm, and keeps each day what it promised',
    async () => {
      const world = new World(deployment, { start: START });
      const promise = new RetentionPromise(world);
      const broken: string[] = [];
      world.onDay = async (at) =>
        void broken.push(...(await promise.broken()).map((what) => `${at.toISOString()}: ${what}`));

      await world.forDays(33);

      // A new stack alarms until its first backup is verified.
      const alarms = world.changes.filter(
        ({ state, at }) => state === 'ALARM' && at.getTime() > START.getTime() + HOUR_MS,
      );
      expect(alarms).toEqual([]);
      expect(world.alarmsIn('OK')).toHaveLength(deployment.alarms.length);
      expect(world.functions.failures).toEqual([]);
      expect(world.deadLetters.count).toBe(0);
      expect([...world.store.openRuns]).toEqual([]);
      expect(broken).toEqual([]);

      // By the calendar: the first of November is a Sunday, and the hour that is repeated makes one daily backup, not two.
      const made = (name: string) => promise.made.filter(({ address }) => address.class === name);
      const counts = ['hourly', 'daily', 'weekly', 'monthly'].map((name) => made(name).length);
      expect(counts).toEqual([33 * 24, 32, 5, 1]);
      const timesOf = (name: string) => made(name).map(({ address }) => address.time.toISOString().slice(0, 16));
      expect(timesOf('daily').slice(19, 22)).toEqual(['2026-10-24T00:10', '2026-10-25T00:10', '2026-10-26T01:10']);
      expect(timesOf('daily').at(-1)).toBe('2026-11-05T01:10');
      expect(timesOf('monthly')).toEqual(['2026-11-01T03:10']);
      // What is due to end ends within two days: retention looks daily, the vault's lifecycle after that.
      const kept = await promise.count();
      expect(kept.hourly).toBeGreaterThanOrEqual(24);
      expect(kept.hourly).toBeLessThanOrEqual(24 + 49);
      expect(kept).toMatchObject({ weekly: 5, monthly: 1 });
      expect(kept.daily).toBeGreaterThanOrEqual(30);
      expect(kept.daily).toBeLessThan(32);
    },
    LONG_MS,
  );

  it('looks the same where the function looks each time, and where only after changes, faults among them', async () => {
    const worlds = (['each time', 'after changes'] as const).map(
      (looks) => new World(deployment, { start: START, looks }),
    );
    for (const world of worlds) {
      await world.forDays(0.2);
      world.disturbances.runs = 'are killed';
      await world.forDays(0.1);
      world.disturbances.end();
      world.disturbances.runs = 'fail';
      await world.forDays(0.7);
      world.disturbances.end();
      await world.forDays(0.1);
    }
    const [thorough, quick] = worlds;
    expect(quick.changes.length).toBeGreaterThan(20);
    expect(quick.changes).toEqual(thorough.changes);
    const all = { from: START, to: new Date(START.getTime() + 26.4 * HOUR_MS) };
    for (const identity of thorough.metrics.identities()) {
      const query = { ...identity, statistic: 'Maximum', periodSeconds: 60 };
      expect(quick.metrics.statistics(query, all.from, all.to)).toEqual(
        thorough.metrics.statistics(query, all.from, all.to),
      );
    }
  });
});
