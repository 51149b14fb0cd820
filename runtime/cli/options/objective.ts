import { InvalidArgumentError } from 'commander';
import { seconds } from './values';

/** Ages in seconds, as far as they were stated. */
export interface StatedObjectives {
  readonly newest?: number;
  readonly verified?: number;
}

const TEN_YEARS_SECONDS = 10 * 365 * 86_400;
const readAge = seconds(60, TEN_YEARS_SECONDS - 1);

/** `25h` or `verified=27h`; each may be given once. */
export function objective(text: string, before: StatedObjectives | undefined): StatedObjectives {
  const [, prefix, age] = /^(?:(\w*)=)?(.*)$/.exec(text) ?? [];
  const about = prefix === undefined || prefix === 'newest' ? 'newest' : prefix;
  if (about !== 'newest' && about !== 'verified') {
    throw new InvalidArgumentError('Give an age such as 25h, or verified=27h.');
  }
  if (before?.[about] !== undefined)
    throw new InvalidArgumentError(`An objective for the ${about} one is given twice.`);
  return { ...before, [about]: readAge(age) };
}
