/**
 * The six fields of a cron expression of EventBridge: minutes, hours, day of month, month, day of week, year; with `* ? , - /`,
 * names, and `L`, `W` and `#` among days.
 */
const DAY_MS = 86_400_000;
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
/** 1 is Sunday. */
const WEEK_DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

export interface CronFields {
  /** From 0 to 1439, ascending; the same on every day on which it fires. */
  readonly minutesOfDay: readonly number[];
  /** Only the date counts, in UTC. */
  firesOn(date: Date): boolean;
  readonly lastYear: number;
}

type DayRule = (date: Date) => boolean;

/** Throws a RangeError with what is wrong. */
export function readCronFields(text: string): CronFields {
  const fields = text.trim().toUpperCase().split(/\s+/);
  if (fields.length !== 6) throw new RangeError(`cron has ${fields.length} fields, not 6`);
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = fields;
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) {
    throw new RangeError('one of day of month and day of week must be ?, the other not');
  }
  const minutes = valuesOf(minute, { name: 'minutes', lowest: 0, highest: 59 });
  const hours = valuesOf(hour, { name: 'hours', lowest: 0, highest: 23 });
  const months = new Set(valuesOf(month, { name: 'month', lowest: 1, highest: 12, names: MONTHS }));
  const years = new Set(valuesOf(year, { name: 'year', lowest: 1970, highest: 2199 }));
  const days = dayOfMonth === '?' ? dayOfWeekRule(dayOfWeek) : dayOfMonthRule(dayOfMonth);
  return {
    minutesOfDay: hours.flatMap((h) => minutes.map((m) => h * 60 + m)),
    firesOn: (date) => years.has(date.getUTCFullYear()) && months.has(date.getUTCMonth() + 1) && days(date),
    lastYear: Math.max(...years),
  };
}

function dayOfMonthRule(field: string): DayRule {
  if (field === 'L') return (date) => date.getUTCDate() === lastDayOf(date);
  const nearest = /^(\d{1,2})W$/.exec(field);
  if (nearest) {
    const [wanted] = valuesOf(nearest[1], DAY_OF_MONTH);
    return (date) => date.getUTCDate() === weekdayNearest(wanted, date);
  }
  const days = new Set(valuesOf(field, DAY_OF_MONTH));
  return (date) => days.has(date.getUTCDate());
}

const DAY_OF_MONTH = { name: 'day of month', lowest: 1, highest: 31 };

/** Monday to Friday, in the same month; nothing in a month without such a day. */
function weekdayNearest(wanted: number, date: Date): number | undefined {
  const last = lastDayOf(date);
  if (wanted > last) return undefined;
  const weekDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), wanted)).getUTCDay();
  if (weekDay === 6) return wanted === 1 ? 3 : wanted - 1;
  if (weekDay === 0) return wanted === last ? wanted - 2 : wanted + 1;
  return wanted;
}

function dayOfWeekRule(field: string): DayRule {
  // The last day of the week.
  if (field === 'L') return (date) => date.getUTCDay() === 6;
  const last = /^(\d|[A-Z]{3})L$/.exec(field);
  if (last) {
    const [weekDay] = valuesOf(last[1], DAY_OF_WEEK);
    return (date) => date.getUTCDay() + 1 === weekDay && date.getUTCDate() > lastDayOf(date) - 7;
  }
  const nth = /^(\d|[A-Z]{3})#([1-5])$/.exec(field);
  if (nth) {
    const [weekDay] = valuesOf(nth[1], DAY_OF_WEEK);
    return (date) => date.getUTCDay() + 1 === weekDay && Math.ceil(date.getUTCDate() / 7) === Number(nth[2]);
  }
  const days = new Set(valuesOf(field, DAY_OF_WEEK));
  return (date) => days.has(date.getUTCDay() + 1);
}

const DAY_OF_WEEK = { name: 'day of week', lowest: 1, highest: 7, names: WEEK_DAYS };

function lastDayOf(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) - DAY_MS).getUTCDate();
}

interface FieldRange {
  readonly name: string;
  readonly lowest: number;
  readonly highest: number;
  readonly names?: readonly string[];
}

/** Ascending: of `*`, `5`, `1-5`, `MON-FRI`, `0/15`, `10-50/20`, and lists of these. */
function valuesOf(field: string, range: FieldRange): number[] {
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const step = /^(.+)\/([1-9]\d*)$/.exec(part);
    const [first, last] = boundsOf(step ? step[1] : part, range, step ? 'to the end' : 'itself');
    for (let value = first; value <= last; value += step ? Number(step[2]) : 1) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

/** A single value that has a step goes on to the end. */
function boundsOf(text: string, range: FieldRange, single: 'to the end' | 'itself'): [number, number] {
  if (text === '*') return [range.lowest, range.highest];
  const parts = text.split('-');
  const first = valueOf(parts[0], range);
  const last = parts[1] !== undefined ? valueOf(parts[1], range) : single === 'itself' ? first : range.highest;
  if (parts.length > 2 || first > last) throw wrong(text, range);
  return [first, last];
}

function valueOf(text: string, range: FieldRange): number {
  const named = range.names?.indexOf(text) ?? -1;
  const value = named >= 0 ? named + range.lowest : /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= range.lowest && value <= range.highest)) throw wrong(text, range);
  return value;
}

function wrong(text: string, { name, lowest, highest }: FieldRange): RangeError {
  return new RangeError(`${name} is ${JSON.stringify(text)}; it must be from ${lowest} to ${highest}`);
}
