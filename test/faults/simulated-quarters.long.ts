/** A production plan over the quarters of a year and more, in which every promise ends and clocks change: npm run test:long. */
import { deployProductionPlan } from '../simulation/support/plan-stack';
import { RetentionPromise } from '../simulation/support/promise';
import { World } from '../simulation/support/world';

const HOUR_MS = 3_600_000;
const deployment = deployProductionPlan();

describe('a production plan, as its template says', () => {
  it.each([
    ['a leap day, and the night in which Berlin puts its clocks forward', '2028-01-10T00:30:00Z', 100, 101],
    ['more than a year', '2026-06-10T00:30:00Z', 390, 390],
  ])('has no false alarm, and keeps each day what it promised, over %s', async (_, start, days, nights) => {
    const world = new World(deployment, { start: new Date(start) });
    const promise = new RetentionPromise(world);
    const broken: string[] = [];
    world.onDay = async (at) =>
      void broken.push(...(await promise.broken()).map((what) => `${at.toISOString()}: ${what}`));
    await world.forDays(days);
    const firstHour = Date.parse(start) + HOUR_MS;
    expect(world.changes.filter(({ state, at }) => state === 'ALARM' && at.getTime() > firstHour)).toEqual([]);
    expect(broken).toEqual([]);
    // In spring the hour of the daily backup does not exist for one night, and that night has none.
    expect(promise.made.filter(({ address }) => address.class === 'daily')).toHaveLength(nights - 1);
    const monthly = promise.made.filter(({ address }) => address.class === 'monthly');
    expect(monthly.map(({ address }) => address.time.getUTCDate())).toEqual(monthly.map(() => 1));
  });
});
