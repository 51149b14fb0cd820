/**
 * When a schedule fires, as EventBridge reads its expression: `rate(…)`, `at(…)` and `cron(…)`. What it would refuse is
 * refused, with a sentence.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
import { CronFields, readCronFields } from './schedule-cron';
import { LocalTime } from './schedule-local-time';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Leap days on a certain day of the week come back within 40 years, over the turn of a century. */
const LONGEST_LOOK_DAYS = 41 * 366;

/**
 * The first firing after a moment; nothing when there is none any more.
 *
 * @param timeZone of `cron` and `at`; a rate has none
 * @param createdAt when a rate begins to count: it fires one interval after that for the first time
 */
export function nextFiring(expression: string, timeZone: string, after: Date, createdAt = after): Date | undefined {
  const form = /^(rate|at|cron)\((.*)\)$/.exec(expression.trim());
  if (!form) throw unreadable(expression, 'it is neither rate(…) nor cron(…) nor at(…)');
  const [, kind, inner] = form;
  try {
    if (kind === 'rate') return nextOfRate(inner, after, createdAt);
    if (kind === 'at') return laterThan(after, momentOf(inner, timeZone));
    return nextOfCron(readCronFields(inner), timeZone, after);
  } catch (error) {
    if (error instanceof RangeError) throw unreadable(expression, error.message);
    throw error;
  }
}

const UNIT_MS = { minute: MINUTE_MS, hour: 60 * MINUTE_MS, day: DAY_MS } as const;

function nextOfRate(inner: string, after: Date, createdAt: Date): Date {
  const parts = /^([1-9]\d{0,6}) (minute|hour|day)(s?)$/.exec(inner.trim());
  if (!parts) throw new RangeError('a rate is a whole number from 1 and minutes, hours or days');
  const [, count, unit, plural] = parts;
  // EventBridge refuses `rate(1 days)` and `rate(2 day)`.
  if ((count === '1') !== (plural === '')) throw new RangeError(`write ${count === '1' ? unit : `${unit}s`}`);
  const intervalMs = Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  const elapsed = Math.floor((after.getTime() - createdAt.getTime()) / intervalMs);
  return new Date(createdAt.getTime() + Math.max(1, elapsed + 1) * intervalMs);
}

function momentOf(inner: string, timeZone: string): Date | undefined {
  const parts = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2}):(\d{2})$/.exec(inner.trim());
  const midnight = parts ? Date.parse(`${parts[1]}T00:00:00Z`) : NaN;
  if (!parts || !Number.isFinite(midnight) || !new Date(midnight).toISOString().startsWith(parts[1])) {
    throw new RangeError('a time is such as 2026-11-20T02:10:00');
  }
  const [hour, minute, second] = parts.slice(2).map(Number);
  if (hour > 23 || minute > 59 || second > 59) throw new RangeError('a time is such as 2026-11-20T02:10:00');
  const moment = new LocalTime(timeZone).utcOf(midnight, hour * 60 + minute);
  return moment && new Date(moment.getTime() + second * 1000);
}

function nextOfCron(fields: CronFields, timeZone: string, after: Date): Date | undefined {
  const zone = new LocalTime(timeZone);
  // A day earlier: a time zone may be behind, and the minutes of a repeated hour are those of its first half.
  const firstDay = zone.localMidnight(after) - DAY_MS;
  for (let day = 0; day <= LONGEST_LOOK_DAYS; day += 1) {
    const midnight = firstDay + day * DAY_MS;
    const date = new Date(midnight);
    if (date.getUTCFullYear() > fields.lastYear) return undefined;
    if (!fields.firesOn(date)) continue;
    const firing = firstOnDay(fields.minutesOfDay, midnight, zone, after);
    if (firing) return firing;
  }
  return undefined;
}

/** When clocks are put back, a later minute of the day may come sooner: so all of the day are looked at. */
function firstOnDay(minutes: readonly number[], midnight: number, zone: LocalTime, after: Date): Date | undefined {
  let first: Date | undefined;
  const mayTurn = zone.mayTurn(midnight);
  for (const minute of minutes) {
    const moment = laterThan(after, zone.utcOf(midnight, minute));
    if (moment && (!first || moment < first)) first = moment;
    if (first && !mayTurn) return first;
  }
  return first;
}

function laterThan(after: Date, moment: Date | undefined): Date | undefined {
  return moment && moment > after ? moment : undefined;
}

function unreadable(expression: string, reason: string): RangeError {
  return new RangeError(`schedule ${expression}: ${reason}`);
}
