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
  const withinDay = ends(calendar.minutesOfDay);
  let longest = -Infinity;
  let previous: number | undefined;
  for (let day = FIRST_DAY.getTime(); day < LAST_DAY.getTime(); day += DAY_MS) {
    if (!calendar.firesOn(new Date(day))) continue;
    const midnight = day / 60_000;
    const steady = clock.steadyOffset(midnight);
    // Only around a change of clocks does every single run have to be looked at.
    const runs =
      steady === undefined
        ? calendar.minutesOfDay.flatMap((minute) => clock.utcOf(midnight + minute) ?? [])
        : withinDay.runs.map((minute) => midnight + minute - steady);
    if (steady !== undefined) longest = Math.max(longest, withinDay.longestGap);
    runs.forEach((run, index) => {
      const isNextDay = index === 0 || steady === undefined;
      if (previous !== undefined && isNextDay) longest = Math.max(longest, run - previous);
      previous = run;
    });
  }
  return Number.isFinite(longest) ? longest : undefined;
}

/** The first and the last run of a day, and the longest time between two of the same day. */
function ends(minutes: readonly number[]): { runs: number[]; longestGap: number } {
  return {
    runs: [...new Set([minutes[0], minutes[minutes.length - 1]])],
    longestGap: Math.max(-Infinity, ...minutes.slice(1).map((minute, index) => minute - minutes[index])),
  };
}
