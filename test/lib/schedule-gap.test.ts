import { Duration, TimeZone } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import fc from 'fast-check';
import { longestGap } from '../../lib/schedule-gap';

const hours = (expression: string, zone?: TimeZone) =>
  longestGap(ScheduleExpression.expression(expression, zone))?.toHours({ integral: false });

describe('the longest time between two runs', () => {
  test.each([
    ['rate(5 minutes)', 5 / 60],
    ['rate(1 hour)', 1],
    ['rate(2 days)', 48],
    ['cron(0 * * * ? *)', 1],
    ['cron(0/15 * * * ? *)', 0.25],
    ['cron(10 2 * * ? *)', 24],
    ['cron(0 6,18 * * ? *)', 12],
    ['cron(0 9-17 * * ? *)', 16],
    ['cron(0 9-17 ? * MON-FRI *)', 64],
    ['cron(0 9-17 ? * 2-6 *)', 64],
    ['cron(10 3 ? * SUN *)', 168],
    ['cron(10 3 ? * 1 *)', 168],
    ['cron(10 4 1 * ? *)', 31 * 24],
    ['cron(10 4 31 * ? *)', 61 * 24],
    ['cron(0 0 1 JAN,JUL ? *)', 184 * 24],
    ['cron(0 0 29 2 ? *)', 1461 * 24],
  ])('%s is %d hours', (expression, expected) => expect(hours(expression)).toBe(expected));

  test.each([
    ['cron(10 2 * * ? *)', 47, 'the time that is skipped in spring skips a run'],
    ['cron(10 4 * * ? *)', 25, 'the day in autumn has 25 hours'],
    ['cron(0 * * * ? *)', 2, 'the hour that comes twice runs once'],
    ['cron(30 2 ? * MON *)', 169, 'clocks change on Sundays, so no run is skipped'],
  ])('%s in Berlin is %d hours: %s', (expression, expected) =>
    expect(hours(expression, TimeZone.EUROPE_BERLIN)).toBe(expected),
  );

  test('counts clocks that change by half an hour, and zones that never change', () => {
    expect(hours('cron(0 6,18 * * ? *)', TimeZone.of('Australia/Lord_Howe'))).toBe(12.5);
    expect(hours('cron(10 2 * * ? *)', TimeZone.of('Asia/Kolkata'))).toBe(24);
  });

  test.each([
    'cron(0 0 L * ? *)',
    'cron(0 0 ? * 6#3 *)',
    'cron(0 0 15W * ? *)',
    'cron(0 0 1 1 ? 2027)',
    'cron(0 0 30 2 ? *)',
    'cron(0 24 * * ? *)',
    'cron(0 5-3 * * ? *)',
    'cron(0/0 * * * ? *)',
    'cron(0 * * * ?)',
    'at(2026-11-20T02:10:00)',
  ])('of %s is not guessed', (expression) => expect(hours(expression)).toBeUndefined());

  test('is what counting minute by minute finds', () => {
    const field = (highest: number, lowest = 0) =>
      fc.uniqueArray(fc.integer({ min: lowest, max: highest }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(field(59), field(23), field(7, 1), (minutes, atHours, weekDays) => {
        const cron = `cron(${minutes.join(',')} ${atHours.join(',')} ? * ${weekDays.join(',')} *)`;
        expect(hours(cron)).toBe(countedGapMinutes(minutes, atHours, weekDays) / 60);
      }),
      { numRuns: 60, seed: 20_261_120 },
    );
  });

  test('is a Duration', () => {
    expect(longestGap(ScheduleExpression.rate(Duration.hours(3)))?.toMinutes()).toBe(180);
  });
});

/** Every minute of a fortnight, one by one. */
function countedGapMinutes(minutes: number[], atHours: number[], weekDays: number[]): number {
  const fires: number[] = [];
  for (let minute = 0; minute < 14 * 1440; minute += 1) {
    const weekDay = (Math.floor(minute / 1440) % 7) + 1;
    if (minutes.includes(minute % 60) && atHours.includes(Math.floor(minute / 60) % 24) && weekDays.includes(weekDay)) {
      fires.push(minute);
    }
  }
  return Math.max(
    ...fires.slice(1).map((fire, index) => fire - fires[index]),
    fires[0] + 14 * 1440 - fires[fires.length - 1],
  );
}
