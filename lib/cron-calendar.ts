/**
 * Reads a cron expression of EventBridge Scheduler: on which days and at which minutes of them it fires. Not for
 * scheduling, only for checking a plan at synthesis. `L`, `W` and `#` are not read.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
 */
export interface CronCalendar {
  /** Minutes of a day (0 to 1439) at which it fires, ascending; the same on every day it fires. */
  readonly minutesOfDay: readonly number[];
  /** Whether it fires on a day. Only the date of `day` counts, in UTC. */
  firesOn(day: Date): boolean;
}

/** Nothing when the expression has a form that is not read here. */
export function readCron(expression: string): CronCalendar | undefined {
  const fields = /^cron\((.*)\)$/.exec(expression.trim())?.[1].trim().toUpperCase().split(/\s+/);
  if (fields?.length !== 6) return undefined;
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = fields;
  const minutes = readField(minute, 0, 59);
  const hours = readField(hour, 0, 23);
  const monthDays = readField(dayOfMonth, 1, 31);
  const months = readField(month, 1, 12, MONTHS);
  const weekDays = readField(dayOfWeek, 1, 7, WEEK_DAYS);
  // A year other than every year ends some day: there is no longest time until the next run.
  if (!minutes || !hours || !monthDays || !months || !weekDays || year !== '*') return undefined;
  return {
    minutesOfDay: [...hours].flatMap((h) => [...minutes].map((m) => h * 60 + m)),
    firesOn: (day) =>
      months.has(day.getUTCMonth() + 1) && monthDays.has(day.getUTCDate()) && weekDays.has(day.getUTCDay() + 1),
  };
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
/** 1 is Sunday, other than in crontab. */
const WEEK_DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** All values of a field, ascending: `*`, `?`, `5`, `1-5`, `MON-FRI`, `0/15`, `10-50/20`, and lists of these. */
function readField(field: string, lowest: number, highest: number, names: string[] = []): Set<number> | undefined {
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const [range, step, ...rest] = part.split('/');
    const stride = step === undefined ? 1 : Number(step);
    const bounds = readRange(range, step !== undefined, lowest, highest, names);
    if (!bounds || rest.length > 0 || !/^\d*$/.test(step ?? '') || !Number.isInteger(stride) || stride < 1) {
      return undefined;
    }
    for (let value = bounds.first; value <= bounds.last; value += stride) values.add(value);
  }
  return new Set([...values].sort((a, b) => a - b));
}

function readRange(
  range: string,
  stepped: boolean,
  lowest: number,
  highest: number,
  names: string[],
): { first: number; last: number } | undefined {
  if (range === '*' || range === '?') return { first: lowest, last: highest };
  const [from, to, ...rest] = range.split('-');
  const first = readValue(from, names, lowest);
  // `5/10` counts from 5 to the end.
  const last = to === undefined ? (stepped ? highest : first) : readValue(to, names, lowest);
  if (first === undefined || last === undefined || rest.length > 0) return undefined;
  return first >= lowest && last <= highest && first <= last ? { first, last } : undefined;
}

function readValue(text: string, names: string[], lowest: number): number | undefined {
  const named = names.indexOf(text);
  if (named >= 0) return named + lowest;
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
