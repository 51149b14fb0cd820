import { NO_POINT_AGE_SECONDS, objectivesFor } from '../../model';

const HOUR = 3600;

test.each([
  ['every quarter of an hour', HOUR / 4, 1.25],
  ['hourly', HOUR, 2],
  ['daily', 24 * HOUR, 26],
  ['weekly', 168 * HOUR, 182],
])('backups made %s alarm after the interval and room for a run', (_often, intervalSeconds, hours) => {
  const { newestSeconds, newestVerifiedSeconds } = objectivesFor(intervalSeconds);
  expect(newestSeconds).toBe(hours * HOUR);
  expect(newestVerifiedSeconds).toBe((hours + 1) * HOUR);
});

test('the age of what is not there is beyond what any plan allows', () => {
  expect(objectivesFor(400 * 24 * HOUR).newestVerifiedSeconds).toBeLessThan(NO_POINT_AGE_SECONDS);
});

test.each([0, -1, NaN, Infinity])('an interval of %p is refused', (interval) => {
  expect(() => objectivesFor(interval)).toThrow(/^the interval is /);
});
