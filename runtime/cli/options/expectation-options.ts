/** Options of a verification that is recorded: what a recovery point must be to pass. */
import { Option, type Command } from 'commander';
import { usageError } from '../../errors';
import type { SizeAcceptance } from '../../verification/accepted-size';
import { DEFAULT_EXPECTATIONS, type Expectations } from '../../verification/expectations';
import { Setting } from './setting';
import { nonEmpty, seconds, wholeNumber } from './values';

export interface ExpectationOptions {
  readonly record?: boolean;
  readonly minimumTables: number;
  readonly minimumRows: number;
  readonly encryptionKey?: string;
  readonly lockDuration?: number;
  readonly acceptSize?: string;
  readonly acceptedBy?: string;
}

/** The longest that S3 keeps a lock. */
const LONGEST_LOCK_SECONDS = 36_500 * 86_400;

const ONLY_RECORDED = [
  'minimumTables',
  'minimumRows',
  'encryptionKey',
  'lockDuration',
  'acceptSize',
  'acceptedBy',
] as const;

export function addExpectationOptions(command: Command): void {
  command.optionsGroup('To record the result:');
  [
    new Option(
      '--record',
      'write verification.json beside the manifest; the manifest, what protects the objects, and size and rows against earlier recovery points are checked too',
    ),
    new Setting('--minimum-tables <n>', 'fewer tables fail')
      .argParser(wholeNumber(0, 10_000_000))
      .default(DEFAULT_EXPECTATIONS.minimumTables)
      .fromEnvironment('minimumTables'),
    new Setting('--minimum-rows <n>', 'fewer rows fail')
      .argParser(wholeNumber(0, 1e15))
      .default(DEFAULT_EXPECTATIONS.minimumRows)
      .fromEnvironment('minimumRows'),
    new Setting('--encryption-key <arn>', 'an object that is encrypted with another KMS key fails')
      .argParser(nonEmpty)
      .fromEnvironment('encryptionKey'),
    new Setting('--lock-duration <time>', 'an object that is not locked for so long since it was stored fails: 14d')
      .argParser(seconds(1, LONGEST_LOCK_SECONDS))
      .fromEnvironment('lockDuration'),
    new Option(
      '--accept-size <reason>',
      'its size and rows are right although they are out of line: later recovery points are compared with them',
    ).argParser(nonEmpty),
    new Option('--accepted-by <name>', 'who says so (default: $USER)').argParser(nonEmpty),
  ].forEach((option) => command.addOption(option));
}

/** Nothing when the result is not to be recorded; then an expectation on the command line would be checked by nobody. */
export function expectationsOf(options: ExpectationOptions, command: Command): Expectations | undefined {
  if (options.record) {
    const { minimumTables, minimumRows, encryptionKey, lockDuration } = options;
    return { minimumTables, minimumRows, encryptionKey, lockSeconds: lockDuration };
  }
  const stated = ONLY_RECORDED.find((name) => command.getOptionValueSource(name) === 'cli');
  if (stated === undefined) return undefined;
  const flag = stated.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw usageError(`--${flag} is checked only in a verification that is recorded`, 'Add --record, or leave it out.');
}

/** Who accepts the size, and why; nothing when nobody does. */
export function acceptanceOf(options: ExpectationOptions, env: NodeJS.ProcessEnv): SizeAcceptance | undefined {
  const { acceptSize: reason, acceptedBy } = options;
  if (reason === undefined) {
    if (acceptedBy === undefined) return undefined;
    throw usageError(`--accepted-by ${acceptedBy} accepts nothing`, 'Say what for with --accept-size <reason>.');
  }
  const by = acceptedBy ?? (env.USER || env.LOGNAME || undefined);
  if (by === undefined) throw usageError('--accept-size says nothing of who accepts', 'Add --accepted-by <name>.');
  return { by, reason };
}
