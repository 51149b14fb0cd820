/** Numbers as people read them: sizes, durations, ages, rates, counts. Pure; decimal units (1 GB is 10⁹ bytes), as S3 bills. */

const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `0 B`, `812 B`, `1.9 GB`, `41 MB`: two digits at least, three at most. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (unit < SIZE_UNITS.length - 1 && Math.round(value) >= 1000) {
    value /= 1000;
    unit += 1;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${SIZE_UNITS[unit]}`;
}

/** `1.2 of 1.9 GB`: the unit once when both share it. */
export function formatBytesOf(doneBytes: number, totalBytes: number): string {
  const [done, doneUnit] = formatBytes(doneBytes).split(' ');
  const total = formatBytes(totalBytes);
  return total.endsWith(` ${doneUnit}`) ? `${done} of ${total}` : `${done} ${doneUnit} of ${total}`;
}

/** `0.8 s`, `18 s`, `3 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 9_950) return `${(Math.max(0, milliseconds) / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return twoUnits(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return twoUnits(minutes, 60, 'h', 'min');
  return twoUnits(Math.round(minutes / 60), 24, 'd', 'h');
}

/** `18 s ago`, `42 min ago`, `5 h ago`, `2 days ago`; a moment to come is `in 5 h`, so that a wrong clock shows. */
export function formatAge(then: Date, now: Date): string {
  const milliseconds = now.getTime() - then.getTime();
  const age = span(Math.round(Math.abs(milliseconds) / 1000));
  return milliseconds < -999 ? `in ${age}` : `${age} ago`;
}

/** `212,408`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 table`, `143 tables`. */
export function formatNumberOf(count: number, singular: string, plural = pluralOf(singular)): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

/** Of the words that are used here: `row` to `rows`, `entry` to `entries`. */
function pluralOf(singular: string): string {
  return /[^aeiou]y$/.test(singular) ? `${singular.slice(0, -1)}ies` : `${singular}s`;
}

/** `2026-11-20 02:10:03 UTC`. */
export function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function twoUnits(value: number, perLarge: number, large: string, small: string): string {
  const rest = value % perLarge;
  const whole = `${Math.floor(value / perLarge)} ${large}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}

function span(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
