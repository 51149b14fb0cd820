import { Duration, TimeZone } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { ZoneClock } from './clock-changes';
import { readCron, type CronCalendar } from './cron-calendar';

/**
 * The longest time between two runs of a schedule: what a plan can promise at best. Counts months of all lengths, leap
 * days and the changes of clocks in the schedule's time zone. Nothing when it cannot be determined.
 */
export function longestGap(schedule: ScheduleExpression): Duration | undefined {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule.expressionString);
  if (rate) return Duration.minutes(Number(rate[1]) * MINUTES[rate[2] as keyof typeof MINUTES]);
  const calendar = readCron(schedule.expressionString);
  if (!calendar) return undefined;
  const minutes = longestCronGapMinutes(calendar, schedule.timeZone ?? TimeZone.ETC_UTC);
  return minutes === undefined ? undefined : Duration.minutes(minutes);
}

const MINUTES = { minute: 1, hour: 60, day: 1440 };

/** Years looked at: fixed, so that the same plan gives the same answer on every day; long enough for three leap years. */
const FIRST_DAY = new Date('2024-01-01T00:00:00Z');
const LAST_DAY = new Date('2036-01-01T00:00:00Z');
const DAY_MS = 86_400_000;

const clocks = new Map<string, ZoneClock>();

function longestCronGapMinutes(calendar: CronCalendar, zone: TimeZone): number | undefined {
  const clock = clocks.get(zone.timezoneName) ?? new ZoneClock(zone.timezoneName, FIRST_DAY, LAST_DAY);
  clocks.set(zone.timezoneName, clock);
  let longest: number | undefined;
  let previous: number | undefined;
  for (let day = FIRST_DAY.getTime(); day < LAST_DAY.getTime(); day += DAY_MS) {
    if (!calendar.firesOn(new Date(day))) continue;
    for (const minuteOfDay of calendar.minutesOfDay) {
      const moment = clock.utcOf(day / 60_000 + minuteOfDay);
      if (moment === undefined) continue;
      if (previous !== undefined) longest = Math.max(longest ?? 0, moment - previous);
      previous = moment;
    }
  }
  return longest;
}
