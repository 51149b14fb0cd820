/** What to dump and how: the options of `backup dump`, and of `check`, which looks at the same things beforehand. */
import { Option, type Command } from 'commander';
import { DUMP_CONTENTS, type DumpContent, type RetentionClass } from '../../../model';
import type { DumpRequest } from '../../components/dump/types';
import { usageError } from '../../errors';
import { classOption, compressionLevelOption, scheduledAtOption } from './point-options';
import { readVariable, Setting } from './setting';
import { jsonList, oneOf, repeatable, seconds, trueOrFalse, wholeNumber } from './values';

export interface DumpOptions {
  readonly database: readonly string[];
  readonly allDatabases?: boolean;
  readonly class: RetentionClass;
  readonly scheduledAt?: Date;
  readonly schemaOnly?: boolean;
  readonly dataOnly?: boolean;
  readonly globals: boolean;
  readonly jobs: number;
  readonly compressionLevel: number;
  readonly criticalTable: readonly string[];
  readonly ephemeralTable: readonly string[];
  readonly contentHashTable: readonly string[];
  readonly minimumTables: number;
  readonly lockTimeout: number;
}

export const MOST_JOBS = 64;

export function addDumpOptions(command: Command): Command {
  command.optionsGroup('What to dump:');
  const what = [
    new Setting('--database <name>', 'database to dump; repeat for several')
      .argParser(repeatable)
      .default([], 'the one the connection names')
      .fromEnvironment('databases', jsonList),
    new Setting('--all-databases', 'every database that accepts connections')
      .conflicts('database')
      .fromEnvironment('allDatabases', trueOrFalse),
    new Option('--schema-only', 'definitions only (env: POSTGRES_BACKUP_CONTENT=schema)').conflicts('dataOnly'),
    new Option('--data-only', 'rows only (env: POSTGRES_BACKUP_CONTENT=data)').conflicts('schemaOnly'),
    new Setting('--no-globals', 'leave roles, memberships and tablespaces out').fromEnvironment('globals', trueOrFalse),
    new Setting('--critical-table <pattern>', 'tables to restore first, as a pg_dump pattern; repeat for several')
      .argParser(repeatable)
      .default([], 'none')
      .fromEnvironment('criticalTables', jsonList),
    new Setting(
      '--ephemeral-table <pattern>',
      'tables to keep only the definition of, as a pg_dump pattern; repeat for several',
    )
      .argParser(repeatable)
      .default([], 'none')
      .fromEnvironment('ephemeralTables', jsonList),
    new Setting(
      '--content-hash-table <pattern>',
      'tables whose rows are hashed for a drill to compare, as a pg_dump pattern; repeat for several',
    )
      .argParser(repeatable)
      .default([], 'none')
      .fromEnvironment('contentHashTables', jsonList),
    new Setting('--minimum-tables <n>', 'refuse a database with fewer tables as the wrong or an empty one')
      .argParser(wholeNumber(0, 10_000_000))
      .default(1)
      .fromEnvironment('minimumTables'),
  ];
  what.forEach((option) => command.addOption(option));

  command.optionsGroup('How to dump:');
  const how = [
    classOption(),
    scheduledAtOption(),
    new Setting('--jobs <n>', `dumps at once, 1 to ${MOST_JOBS}; as many can be restored at once`)
      .argParser(wholeNumber(1, MOST_JOBS))
      .default(1)
      .fromEnvironment('jobs'),
    compressionLevelOption(),
    new Setting('--lock-timeout <time>', 'wait this long for a locked table, then fail: seconds, or 90s, 15min, 2h')
      .argParser(seconds(1, 86_400))
      .default(60, '60 s')
      .fromEnvironment('lockTimeout'),
  ];
  how.forEach((option) => command.addOption(option));
  return command;
}

/** The request that the options make, with contradictions refused. */
export function dumpRequest(source: string, command: Command, env: NodeJS.ProcessEnv): DumpRequest {
  const options = command.opts<DumpOptions>();
  return {
    source,
    class: options.class,
    scheduledAt: options.scheduledAt,
    databases: chosenDatabases(command),
    content: contentOf(options) ?? readVariable(env, 'content', oneOf(DUMP_CONTENTS)) ?? 'all',
    globals: options.globals,
    jobs: options.jobs,
    compressionLevel: options.compressionLevel,
    criticalTables: options.criticalTable,
    ephemeralTables: options.ephemeralTable,
    ...(options.contentHashTable.length > 0 && { contentHashTables: options.contentHashTable }),
    minimumTables: options.minimumTables,
    lockTimeoutSeconds: options.lockTimeout,
  };
}

/** What `--schema-only` or `--data-only` say. */
export function contentOf(options: { schemaOnly?: boolean; dataOnly?: boolean }): DumpContent | undefined {
  if (options.schemaOnly) return 'schema';
  return options.dataOnly ? 'data' : undefined;
}

/** Names, or all; what the command line says counts before what the environment says. */
function chosenDatabases(command: Command): DumpRequest['databases'] {
  const { database, allDatabases } = command.opts<DumpOptions>();
  const namedBy = command.getOptionValueSource('database');
  const allBy = command.getOptionValueSource('allDatabases');
  if (!allDatabases) return database;
  if (database.length === 0) return 'all';
  if (namedBy === allBy) {
    throw usageError(
      `databases are named (${database.map((name) => JSON.stringify(name)).join(', ')}) and all are asked for`,
      'Set POSTGRES_BACKUP_DATABASES or POSTGRES_BACKUP_ALL_DATABASES, not both.',
    );
  }
  return allBy === 'cli' ? 'all' : database;
}
