import { formatCount, formatDuration } from '../../observe/format';

/** As objectives are stated: `26 h` rather than `1 d 2 h`. */
export function inHours(seconds: number): string {
  const hours = seconds / 3600;
  return Number.isInteger(hours) ? `${formatCount(hours)} h` : formatDuration(seconds * 1000);
}
