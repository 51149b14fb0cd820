/** What an option's text must be, each as a function from the text to the value. The sentence of a refusal follows the quoted value. */
import { InvalidArgumentError } from 'commander';
import {
  checksProblem,
  isRetentionClass,
  parsePointId,
  RETENTION_CLASSES,
  sourceNameProblem,
  type RetentionClass,
  type RetentionPolicy,
  type SqlCheck,
} from '../../../model';
import { BackupError } from '../../errors';
import { parsePolicy } from '../../retention/parse-policy';

export type ReadValue<Value> = (text: string) => Value;

export function wholeNumber(min: number, max: number): ReadValue<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(`Give a whole number from ${min} to ${max.toLocaleString('en-US')}.`);
    }
    return value;
  };
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400 };

/** Seconds: `90`, `90s`, `15min`, `2h`, `1d`. */
export function seconds(min: number, max: number): ReadValue<number> {
  return (text) => {
    const match = /^(\d{1,9})\s*(s|m|min|h|d)?$/.exec(text);
    const value = match ? Number(match[1]) * SECONDS[match[2] ?? 's'] : NaN;
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(
        `Give seconds, or a number with s, min, h or d (90, 15min, 2h), from ${min} s to ${max.toLocaleString('en-US')} s.`,
      );
    }
    return value;
  };
}

export function oneOf<Value extends string>(choices: readonly Value[]): ReadValue<Value> {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice === undefined) throw new InvalidArgumentError(`Give one of: ${choices.join(', ')}.`);
    return choice;
  };
}

export function retentionClass(text: string): RetentionClass {
  if (!isRetentionClass(text)) throw new InvalidArgumentError(`Give one of: ${RETENTION_CLASSES.join(', ')}.`);
  return text;
}

/** A moment with its time zone, such as the scheduler's `2026-11-20T02:00:00Z`; without one it would mean another moment elsewhere. */
export function moment(text: string): Date {
  const match = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.exec(text);
  const time = new Date(text);
  // The 30th of February would roll over into March.
  const day = match && new Date(`${match[1]}T00:00:00Z`);
  const exists = day && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(match[1]);
  if (!exists || Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError('Give an ISO 8601 time with its zone, such as 2026-11-20T02:00:00Z.');
  }
  return time;
}

export function nonEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

export function sourceName(text: string): string {
  const problem = sourceNameProblem(text);
  if (problem) throw new InvalidArgumentError(`As a source’s name, ${problem}.`);
  return text;
}

/** `latest` or a recovery point's id. */
export function pointName(text: string): string {
  if (text !== 'latest' && !parsePointId(text)) {
    throw new InvalidArgumentError(
      'Give "latest" or an id as `postgres-backup info` lists them: 20261120T021003Z-4k2m9x.',
    );
  }
  return text;
}

/** An option that may be given again: each value is added. */
export function repeatable(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), nonEmpty(text)];
}

/** A list from the environment: a JSON array, because a name may hold any character. */
export function jsonList(text: string): readonly string[] {
  const list = parsedJson(text);
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string' && item.trim() !== '')) {
    throw new InvalidArgumentError('Give a JSON array of strings, such as ["orders","billing"].');
  }
  return list as string[];
}

/** A retention policy as JSON. */
export function retentionPolicy(text: string): RetentionPolicy {
  try {
    return parsePolicy(text);
  } catch (thrown) {
    if (!(thrown instanceof BackupError)) throw thrown;
    throw new InvalidArgumentError(`As a retention policy, ${thrown.detail}. ${thrown.hint}`);
  }
}

/** SQL checks as JSON. */
export function sqlChecks(text: string): readonly SqlCheck[] {
  const checks = parsedJson(text);
  const problem = checks === undefined ? 'it is not JSON' : checksProblem(checks);
  if (problem !== undefined) throw new InvalidArgumentError(`As a list of checks, ${problem}.`);
  return checks as SqlCheck[];
}

/** `true` or `false` from the environment, in nothing but these words: "False" must not mean yes. */
export function trueOrFalse(text: string): boolean {
  return oneOf(['true', 'false'])(text) === 'true';
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}
