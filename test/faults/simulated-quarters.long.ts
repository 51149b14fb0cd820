/** A production plan over the days of a year that are unlike others: npm run test:long. */
import { deployProductionPlan } from '../simulation/support/plan-stack';
import { RetentionPromise } from '../simulation/support/promise';
import { World } from '../simulation/support/world';

const HOUR_MS = 3_600_000;
const deployment = deployProductionPlan();

describe('a production plan, as its template says', () => {
  it.each([
    ['the leap day', '2028-02-25T00:30:00Z', 8, { daily: 8, monthly: ['2028-03-01'] }],
    // In one night the hour of the daily backup does not exist; after it, six days have one at their end, too.
    [
      'the night in which Berlin puts its clocks forward',
      '2028-03-24T00:30:00Z',
      6,
      { daily: 6, monthly: [] as string[] },
    ],
    ['the end of a year', '2027-12-28T00:30:00Z', 8, { daily: 8, monthly: ['2028-01-01'] }],
  ])('has no false alarm, and keeps each day what it promised, over %s', async (_, start, days, expected) => {
    const world = new World(deployment, { start: new Date(start) });
    const promise = new RetentionPromise(world);
    const broken: string[] = [];
    world.onDay = async (at) =>
      void broken.push(...(await promise.broken()).map((what) => `${at.toISOString()}: ${what}`));
    await world.forDays(days);
    const firstHour = Date.parse(start) + HOUR_MS;
    expect(world.changes.filter(({ state, at }) => state === 'ALARM' && at.getTime() > firstHour)).toEqual([]);
    expect(broken).toEqual([]);
    const timesOf = (name: string) =>
      promise.made
        .filter(({ address }) => address.class === name)
        .map(({ address }) => address.time.toISOString().slice(0, 10));
    expect(timesOf('hourly')).toHaveLength(days * 24);
    expect(timesOf('daily')).toHaveLength(expected.daily);
    expect(timesOf('daily')).not.toContain('2028-03-26');
    expect(timesOf('monthly')).toEqual(expected.monthly);
  });
});
