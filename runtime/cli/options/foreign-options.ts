/** `restore` has several forms: who gives an option of another form means something else. */
import type { Command } from 'commander';
import { usageError } from '../../errors';

/** Of filling a database; by their attributes. */
export const OF_A_DATABASE: readonly string[] = [
  'database',
  'clean',
  'create',
  'table',
  'schemaOnly',
  'dataOnly',
  'roles',
  'owner',
  'jobs',
];

/** Of building a data directory. */
export const OF_A_DATA_DIRECTORY: readonly string[] = ['timeline', 'base', 'tablespaceMapping', 'pause', 'start'];

/** @param why ends the sentence "--clean is of …" */
export function refuseForeignOptions(command: Command, foreign: readonly string[], why: string): void {
  const given = command.options.find(
    (option) =>
      foreign.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (given) throw usageError(`${given.long} is of ${why}`, 'Leave one of them out.');
}
