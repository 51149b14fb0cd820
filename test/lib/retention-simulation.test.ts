/** The production plan, lived for seventeen months in a second: every night what is over ends, through summer time, a leap day and month ends. */
import { TimeZone } from 'aws-cdk-lib';
import { BackupPlan, type BackupRule } from '../../lib';
import { ZoneClock } from '../../lib/clock-changes';
import { readCron } from '../../lib/cron-calendar';
import { retentionPolicy } from '../../lib/retention-policy';
import { decideRetention, type RetainablePoint, type RetentionDecision } from '../../model';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BEGIN = new Date('2026-12-01T00:00:00Z');
const END = new Date('2028-05-01T00:00:00Z');
const ZONE = 'Europe/Berlin';

/** Not all windows are of these; they are where calendars go wrong. */
const WINDOWS = [
  ['summer time begins', '2027-03-14', '2027-04-13'],
  ['summer time ends', '2027-10-16', '2027-11-15'],
  ['the year ends', '2027-12-15', '2028-01-14'],
  ['a leap day', '2028-02-14', '2028-03-15'],
] as const;

const PROMISED_MS: Readonly<Record<string, number>> = {
  hourly: 24 * HOUR_MS,
  daily: 30 * DAY_MS,
  weekly: 84 * DAY_MS,
  monthly: 365 * DAY_MS,
};

interface Night {
  readonly at: Date;
  readonly before: readonly RetainablePoint[];
  readonly decisions: readonly RetentionDecision[];
  readonly kept: readonly RetainablePoint[];
}

const plan = BackupPlan.production({ timeZone: TimeZone.of(ZONE) });
const policy = retentionPolicy(plan);

/** Every night's retention. `isVerified` says of which times the points were found good. */
function live(isVerified: (time: Date) => boolean = () => true): Night[] {
  const coming = plan.rules.flatMap(pointsOf).sort((a, b) => a.storedAt.getTime() - b.storedAt.getTime());
  const nights: Night[] = [];
  let held: RetainablePoint[] = [];
  let next = 0;
  for (let at = BEGIN.getTime() + DAY_MS; at < END.getTime(); at += DAY_MS) {
    for (; next < coming.length && coming[next].storedAt.getTime() < at; next += 1) held.push(coming[next]);
    // Verified late is verified too: the daily sweep looks at what never was.
    held = held.map((point) => ({ ...point, verification: isVerified(new Date(at)) ? 'passed' : point.verification }));
    const decisions = decideRetention(held, policy, new Date(at));
    const kept = held.filter((_, index) => decisions[index].action === 'keep');
    nights.push({ at: new Date(at), before: held, decisions, kept });
    held = [...kept];
  }
  return nights;
}

/** What a rule stores, five minutes after each time that its schedule fires. */
function pointsOf(rule: BackupRule): RetainablePoint[] {
  const calendar = readCron(rule.schedule.expressionString);
  if (!calendar) throw new Error(`not read: ${rule.schedule.expressionString}`);
  const clock = new ZoneClock(rule.schedule.timeZone?.timezoneName ?? 'Etc/UTC', BEGIN, END);
  const points: RetainablePoint[] = [];
  for (let day = BEGIN.getTime(); day < END.getTime(); day += DAY_MS) {
    if (!calendar.firesOn(new Date(day))) continue;
    for (const minute of calendar.minutesOfDay) {
      const fires = clock.utcOf(day / 60_000 + minute);
      // A time that the day skips.
      if (fires === undefined) continue;
      const storedAt = new Date((fires + 5) * 60_000);
      points.push({
        point: `${rule.retentionClass} ${storedAt.toISOString()}`,
        class: rule.retentionClass,
        storedAt,
        verification: 'not verified',
      });
    }
  }
  return points;
}

const nights = live();
const within = (from: string, to: string, all = nights) =>
  all.filter(({ at }) => at >= new Date(from) && at < new Date(to));
const ageMs = (point: RetainablePoint, at: Date) => at.getTime() - point.storedAt.getTime();

test.each(WINDOWS)(
  'thirty days in which %s (%s to %s): each class holds what it promises, and not a day more',
  (_, from, to) => {
    const days = within(from, to);
    expect(days).toHaveLength(30);
    for (const { at, before, decisions, kept } of days) {
      before.forEach((point, index) => {
        const isOver = ageMs(point, at) >= PROMISED_MS[point.class];
        expect(`${point.point}: ${decisions[index].action}`).toBe(`${point.point}: ${isOver ? 'expire' : 'keep'}`);
        // What ends, ends on the first night after its time.
        if (isOver) expect(ageMs(point, at)).toBeLessThan(PROMISED_MS[point.class] + DAY_MS);
      });
      expect(count(kept, 'hourly')).toBe(24);
      expect(count(kept, 'weekly')).toBe(12);
    }
  },
);

test('on the day that skips 02:10 the daily backup is missing, and everything else of that month is kept', () => {
  const [night] = within('2027-04-13', '2027-04-14');
  expect(count(night.kept, 'daily')).toBe(29);
  expect(night.kept.some(({ point }) => point.startsWith('daily 2027-03-28'))).toBe(false);
  expect(count(within('2027-11-15', '2027-11-16')[0].kept, 'daily')).toBe(30);
});

test('of twelve months each first is kept, through the leap day, and the one a year ago ends the night after', () => {
  const firsts = (day: string) =>
    within(day, '2028-05-01')[0]
      .kept.filter((point) => point.class === 'monthly')
      .map(({ point }) => point.slice(8, 18));
  expect(firsts('2028-03-02')).toEqual([
    ...['2027-04-01', '2027-05-01', '2027-06-01', '2027-07-01', '2027-08-01', '2027-09-01', '2027-10-01'],
    ...['2027-11-01', '2027-12-01', '2028-01-01', '2028-02-01', '2028-03-01'],
  ]);
  // 365 days are over a day early in a leap year.
  expect(firsts('2028-03-01')).toEqual(expect.not.arrayContaining(['2027-03-01']));
  expect(firsts('2028-02-29')).toEqual(expect.arrayContaining(['2027-03-01']));
});

describe('when nothing is verified for thirty days', () => {
  const stopped = new Date('2027-06-10T00:00:00Z');
  const resumed = new Date('2027-07-10T00:00:00Z');
  const outage = live((time) => time < stopped || time >= resumed);
  const during = within('2027-06-11', '2027-07-10', outage);

  test('what came since stays, however much it is', () => {
    for (const { at, kept } of during) {
      const since = kept.filter(({ storedAt }) => storedAt >= stopped);
      expect(since.filter((point) => point.class === 'hourly')).toHaveLength(
        (at.getTime() - stopped.getTime()) / HOUR_MS,
      );
    }
  });

  test('the newest three that were verified stay', () => {
    for (const { kept } of during) {
      expect(kept.filter(({ verification }) => verification === 'passed').length).toBeGreaterThanOrEqual(3);
    }
    const last = during[during.length - 1].kept.filter(({ verification }) => verification === 'passed');
    const newest = last.filter(({ storedAt }) => storedAt >= new Date(stopped.getTime() - 26 * HOUR_MS));
    expect(newest.filter((point) => point.class === 'hourly').length).toBeGreaterThanOrEqual(2);
  });

  test('it all ends on the first night after, but for what is promised', () => {
    const [first] = within('2027-07-10', '2027-07-11', outage);
    const usual = within('2027-07-10', '2027-07-11')[0];
    expect(first.kept.map(({ point }) => point)).toEqual(usual.kept.map(({ point }) => point));
  });
});

function count(points: readonly RetainablePoint[], name: string): number {
  return points.filter((point) => point.class === name).length;
}
