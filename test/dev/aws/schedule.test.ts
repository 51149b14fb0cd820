import fc from 'fast-check';
import { nextFiring } from '../../../dev/aws/schedule';

/** The first firings after a moment, as a clock in UTC shows them. */
function firings(expression: string, zone: string, after: string, count: number): string[] {
  const found: string[] = [];
  let moment: Date | undefined = new Date(after);
  while (found.length < count) {
    moment = nextFiring(expression, zone, moment, new Date(after));
    if (!moment) break;
    found.push(moment.toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
}

describe('when a schedule fires', () => {
  it.each([
    [
      'every hour, also over midnight',
      'cron(0 * * * ? *)',
      'UTC',
      '2026-11-20T22:59:59Z',
      ['2026-11-20T23:00Z', '2026-11-21T00:00Z'],
    ],
    ['after a firing comes the next', 'cron(10 2 * * ? *)', 'UTC', '2026-11-20T02:10:00Z', ['2026-11-21T02:10Z']],
    [
      'on the last day of the month',
      'cron(0 0 L * ? *)',
      'UTC',
      '2028-01-31T12:00:00Z',
      ['2028-02-29T00:00Z', '2028-03-31T00:00Z'],
    ],
    [
      'on the leap day alone',
      'cron(0 6 29 2 ? *)',
      'UTC',
      '2026-01-01T00:00:00Z',
      ['2028-02-29T06:00Z', '2032-02-29T06:00Z'],
    ],
    ['on a leap day that is a Monday', 'cron(0 6 ? 2 2#5 *)', 'UTC', '2026-01-01T00:00:00Z', ['2044-02-29T06:00Z']],
    [
      'on the 31st, in months that have one',
      'cron(0 0 31 * ? *)',
      'UTC',
      '2026-11-20T00:00:00Z',
      ['2026-12-31T00:00Z', '2027-01-31T00:00Z', '2027-03-31T00:00Z'],
    ],
    [
      'on the weekday nearest to the 1st, a Saturday: the 3rd',
      'cron(0 0 1W * ? *)',
      'UTC',
      '2026-07-31T00:00:00Z',
      ['2026-08-03T00:00Z'],
    ],
    [
      'on the weekday nearest to the 31st, a Sunday: the 29th',
      'cron(0 0 31W 1 ? *)',
      'UTC',
      '2027-01-01T00:00:00Z',
      ['2027-01-29T00:00Z'],
    ],
    [
      'on the last Friday',
      'cron(30 1 ? * 6L *)',
      'UTC',
      '2026-11-20T00:00:00Z',
      ['2026-11-27T01:30Z', '2026-12-25T01:30Z'],
    ],
    ['on the third Tuesday, by name', 'cron(0 4 ? * TUE#3 *)', 'UTC', '2026-11-20T00:00:00Z', ['2026-12-15T04:00Z']],
    ['on the last day of the week', 'cron(0 4 ? * L *)', 'UTC', '2026-11-20T00:00:00Z', ['2026-11-21T04:00Z']],
    [
      'by steps, ranges, lists and names',
      'cron(0/20 8-9 ? JAN,NOV MON-FRI *)',
      'UTC',
      '2026-11-20T08:39:00Z',
      ['2026-11-20T08:40Z', '2026-11-20T09:00Z', '2026-11-20T09:20Z'],
    ],
    ['until its year is over', 'cron(0 0 1 1 ? 2026-2027)', 'UTC', '2026-06-01T00:00:00Z', ['2027-01-01T00:00Z']],
    [
      'a time of day that spring skips is skipped',
      'cron(30 2 * * ? *)',
      'Europe/Berlin',
      '2026-03-28T00:00:00Z',
      ['2026-03-28T01:30Z', '2026-03-30T00:30Z'],
    ],
    [
      'a time of day that autumn shows twice fires once',
      'cron(30 2 * * ? *)',
      'Europe/Berlin',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30Z', '2026-10-26T01:30Z'],
    ],
    [
      'every hour, of which autumn repeats one',
      'cron(0 * * * ? *)',
      'America/New_York',
      '2026-11-01T03:59:00Z',
      ['2026-11-01T04:00Z', '2026-11-01T05:00Z', '2026-11-01T07:00Z'],
    ],
    [
      'half an hour of change',
      'cron(45 1 * * ? *)',
      'Australia/Lord_Howe',
      '2026-04-03T20:00:00Z',
      ['2026-04-04T14:45Z', '2026-04-05T15:15Z'],
    ],
    [
      'in a zone far from UTC',
      'cron(10 0 1 * ? *)',
      'Pacific/Kiritimati',
      '2026-10-31T10:09:00Z',
      ['2026-10-31T10:10Z', '2026-11-30T10:10Z'],
    ],
    ['at a rate', 'rate(36 hours)', 'UTC', '2026-11-20T01:30:00Z', ['2026-11-21T13:30Z', '2026-11-23T01:30Z']],
    [
      'at one moment, in its zone',
      'at(2026-11-20T02:10:00)',
      'Europe/Berlin',
      '2026-11-20T01:00:00Z',
      ['2026-11-20T01:10Z'],
    ],
  ])('%s', (_, expression, zone, after, expected) => {
    expect(firings(expression, zone, after, expected.length + 1).slice(0, expected.length)).toEqual(expected);
  });

  it('has an end, where it has one', () => {
    expect(firings('cron(0 0 1 1 ? 2026-2027)', 'UTC', '2026-06-01T00:00:00Z', 5)).toHaveLength(1);
    expect(firings('at(2026-11-20T02:10:00)', 'UTC', '2026-11-20T02:10:00Z', 5)).toEqual([]);
    expect(firings('cron(0 0 30 2 ? *)', 'UTC', '2026-06-01T00:00:00Z', 5)).toEqual([]);
  });

  it('counts a rate from when it was made', () => {
    const created = new Date('2026-11-20T00:07:00Z');
    expect(nextFiring('rate(5 minutes)', 'UTC', new Date('2026-11-20T09:58:00Z'), created)).toEqual(
      new Date('2026-11-20T10:02:00Z'),
    );
    expect(nextFiring('rate(1 day)', 'UTC', new Date('2026-11-19T00:00:00Z'), created)).toEqual(
      new Date('2026-11-21T00:07:00Z'),
    );
  });

  it.each([
    ['cron(0 2 * * * *)', 'one of day of month and day of week must be ?'],
    ['cron(0 2 ? * ? *)', 'one of day of month and day of week must be ?'],
    ['cron(0 2 * * ?)', '5 fields'],
    ['cron(60 2 * * ? *)', 'minutes is "60"'],
    ['cron(0 2 32W * ? *)', 'day of month is "32"'],
    ['cron(0 2 ? * 2#6 *)', 'day of week is "2#6"'],
    ['cron(0 2 ? * FRI-MON *)', 'day of week is "FRI-MON"'],
    ['cron(0/0 2 * * ? *)', 'minutes is "0/0"'],
    ['rate(1 days)', 'write day'],
    ['rate(0 days)', 'whole number from 1'],
    ['at(2026-02-30T00:00:00)', 'a time is such as'],
    ['every day', 'neither rate'],
  ])('is told what is wrong: %s', (expression, problem) => {
    expect(() => nextFiring(expression, 'UTC', new Date('2026-01-01T00:00:00Z'))).toThrow(problem);
    expect(() => nextFiring(expression, 'UTC', new Date('2026-01-01T00:00:00Z'))).toThrow(expression);
  });

  it('refuses a time zone that does not exist', () => {
    expect(() => nextFiring('cron(0 2 * * ? *)', 'Europe/Atlantis', new Date())).toThrow(/Atlantis/);
  });

  it('agrees with a slow look at every minute, around days on which clocks change and months end', () => {
    fc.assert(
      fc.property(
        EXPRESSIONS,
        fc.constantFrom(...ZONES),
        fc.constantFrom(...DAYS),
        fc.integer({ min: 0, max: 2880 }),
        (fields, zone, day, minute) => {
          const after = new Date(Date.parse(day) + minute * 60_000 + 7_000);
          const until = new Date(after.getTime() + 2.5 * DAY_MS);
          const expected = everyMinute(fields, zone, after, until);
          const found: string[] = [];
          let moment: Date | undefined = after;
          for (;;) {
            moment = nextFiring(`cron(${fields.join(' ')})`, zone, moment);
            if (!moment || moment > until) break;
            found.push(moment.toISOString());
          }
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 60, seed: 20261120 },
    );
  });
});

const DAY_MS = 86_400_000;
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/St_Johns'];
const DAYS = [
  '2026-03-28',
  '2026-10-24',
  '2026-10-31',
  '2026-03-07',
  '2026-04-04',
  '2026-10-03',
  '2028-02-28',
  '2026-12-30',
];

const EXPRESSIONS = fc
  .tuple(
    fc.constantFrom('0', '30', '0/15', '7,59', '*', '10-20/5'),
    fc.constantFrom('*', '2', '1-3', '0/6', '23', '1,2'),
    fc.constantFrom(
      ['*', '?'],
      ['L', '?'],
      ['1', '?'],
      ['29-31', '?'],
      ['1W', '?'],
      ['31W', '?'],
      ['?', 'SUN'],
      ['?', '1#1'],
      ['?', '7L'],
      ['?', 'MON-FRI'],
    ),
    fc.constantFrom('*', 'MAR-APR', '2,10-12'),
  )
  .map(([minute, hour, [dayOfMonth, dayOfWeek], month]) => [minute, hour, dayOfMonth, month, dayOfWeek, '*']);

/** As a person would: looks at a clock there each minute, and fires when it shows what is wanted, and showed it for the first time. */
function everyMinute(fields: readonly string[], zone: string, after: Date, until: Date): string[] {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const seen = new Set<string>();
  const fired: string[] = [];
  const begin = Math.ceil((after.getTime() - 3 * 3_600_000) / 60_000) * 60_000;
  for (let ms = begin; ms <= until.getTime(); ms += 60_000) {
    const shown = format.format(ms);
    if (seen.has(shown)) continue;
    seen.add(shown);
    if (ms > after.getTime() && isWanted(fields, shown)) fired.push(new Date(ms).toISOString());
  }
  return fired;
}

const NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MONTHS = ['', 'JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

function isWanted([minute, hour, dayOfMonth, month, dayOfWeek]: readonly string[], shown: string): boolean {
  const [m, d, y, h, min] = shown.match(/\d+/g)?.map(Number) ?? [];
  const days = new Date(Date.UTC(y, m, 0)).getUTCDate();
  const weekDay = (day: number) => new Date(Date.UTC(y, m - 1, day)).getUTCDay();
  const plain = (field: string, value: number, lowest: number, names: string[] = []) =>
    field.split(',').some((part) => {
      const [range, step = '1'] = part.split('/');
      const read = (text: string) =>
        names.includes(text) ? names.indexOf(text) + (names === NAMES ? 1 : 0) : Number(text);
      const [low, high] =
        range === '*'
          ? [lowest, 9999]
          : range.includes('-')
            ? range.split('-').map(read)
            : [read(range), part.includes('/') ? 9999 : read(range)];
      return value >= low && value <= high && (value - low) % Number(step) === 0;
    });
  const dayFits = (): boolean => {
    if (dayOfMonth === 'L') return d === days;
    if (dayOfMonth.endsWith('W')) {
      const wanted = Number(dayOfMonth.slice(0, -1));
      const weekdays = Array.from({ length: days }, (_, i) => i + 1).filter((day) => weekDay(day) % 6 !== 0);
      if (wanted > days) return false;
      // Of two that are as near, the earlier; but there is none: a Saturday is nearer to Friday, a Sunday to Monday.
      const nearest = weekdays.reduce((best, day) => (Math.abs(day - wanted) < Math.abs(best - wanted) ? day : best));
      return d === nearest;
    }
    if (dayOfMonth !== '?') return plain(dayOfMonth, d, 1);
    if (dayOfWeek.endsWith('L')) return weekDay(d) + 1 === Number(dayOfWeek[0]) && d + 7 > days;
    if (dayOfWeek.includes('#')) {
      const [day, nth] = dayOfWeek.split('#').map(Number);
      return (
        weekDay(d) + 1 === day &&
        Array.from({ length: d }, (_, i) => i + 1).filter((one) => weekDay(one) + 1 === day).length === nth
      );
    }
    return plain(dayOfWeek, weekDay(d) + 1, 1, NAMES);
  };
  return plain(minute, min, 0) && plain(hour, h, 0) && plain(month, m, 1, MONTHS) && dayFits();
}
