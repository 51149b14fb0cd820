import { tmpdir } from 'node:os';
import type { Command } from 'commander';
import type { RetentionClass } from '../../../model';
import type { Answer } from '../answer';
import type { CommandRun, Counted } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, serverHelp, VAULT_HELP } from '../help-text';
import { madeFigures } from '../made-figures';
import { classOption, compressionLevelOption, scheduledAtOption } from '../options/point-options';
import { Setting } from '../options/setting';
import { addSecretOptions, addSharedOptions, LONG_RUN, type SharedOptions } from '../options/shared-options';
import { nonEmpty, oneOf, seconds, trueOrFalse } from '../options/values';
import { baseBackupAnswer } from '../output/base-backup-output';

export const BASE_BACKUP_COUNTED: Counted = {
  component: 'base-backup',
  succeeded: 'backupSucceeded',
  failed: 'backupFailed',
};

interface BaseBackupOptions {
  readonly checkpoint: 'fast' | 'spread';
  readonly fromStandby?: boolean;
  readonly incremental?: boolean;
  readonly fullEvery: number;
  readonly walTimeout: number;
  readonly scratchDirectory: string;
  readonly class: RetentionClass;
  readonly scheduledAt?: Date;
  readonly compressionLevel: number;
}

const FIFTEEN_MINUTES_SECONDS = 900;
const ONE_WEEK_SECONDS = 7 * 86_400;

export function describeBackupBase(parent: Command): Command {
  const command = parent
    .command('base-backup')
    .summary('back the files of a whole server up into the vault')
    .description(
      'Stores the files of a running server with stock pg_basebackup, through zstd. It becomes a recovery point when the part\n' +
        'of the log that it needs is in the WAL archive; with the log after it, every later moment can be restored.',
    );
  addBaseBackupOptions(command);
  addSecretOptions(command);
  addSharedOptions(command, { deadline: LONG_RUN, documents: ['postgres-backup/backup/1'] });
  return command
    .addHelpText('after', serverHelp('the server to back up; the role needs REPLICATION'))
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup backup base-backup --vault s3://acme-vault --source orders',
        'PGHOST=standby.internal postgres-backup backup base-backup --from-standby --vault s3://acme-vault --source orders',
        'postgres-backup backup base-backup --incremental --full-every 7d --vault s3://acme-vault --source orders',
      ),
    )
    .addHelpText(
      'after',
      `${EXIT_CODES_HELP}\nA run that another run for the same --scheduled-at makes needless ends with 0 and says so.`,
    );
}

export async function backupBase(run: CommandRun): Promise<Answer> {
  const options = run.command.opts<BaseBackupOptions & SharedOptions>();
  const { store, reporter, signal, now, source } = run;
  const server = run.server();
  reporter.headline(`${source}: ${server.description} → ${store.uri}`);
  const request = {
    source,
    class: options.class,
    scheduledAt: options.scheduledAt,
    fullEverySeconds: options.incremental ? options.fullEvery : undefined,
    checkpoint: options.checkpoint,
    server: options.fromStandby ? ('standby' as const) : ('primary' as const),
    compressionLevel: options.compressionLevel,
    walTimeoutSeconds: options.walTimeout,
    scratchDirectory: options.scratchDirectory,
  };
  const context = { store, server, reporter, signal, now, deadlineSeconds: options.deadline };
  const result = await run.dependencies.baseBackup.backup(request, context);
  if (result.outcome === 'made') {
    const { totals } = result.manifest;
    run.measure(madeFigures({ ...result, ...totals }));
  }
  return baseBackupAnswer(source, result);
}

function addBaseBackupOptions(command: Command): void {
  command.optionsGroup('How to back up:');
  const options = [
    new Setting(
      '--incremental',
      'store what changed since the newest verified one; needs PostgreSQL 17 or later, with summarize_wal',
    ).fromEnvironment('incremental', trueOrFalse),
    new Setting('--full-every <time>', 'with --incremental: a full one when the last is longer ago: 12h, 7d')
      .argParser(seconds(1, 366 * 86_400))
      .default(ONE_WEEK_SECONDS, '7d')
      .fromEnvironment('fullEvery'),
    new Setting('--checkpoint <kind>', 'fast: the server writes what is dirty at once; spread: in its usual time')
      .argParser(oneOf(['fast', 'spread']))
      .default('fast')
      .fromEnvironment('checkpoint'),
    new Setting('--from-standby', 'the server is a standby; without this, one is refused').fromEnvironment(
      'fromStandby',
      trueOrFalse,
    ),
    new Setting('--wal-timeout <time>', 'how long the log that it needs may take into the archive, then fail')
      .argParser(seconds(1, 86_400))
      .default(FIFTEEN_MINUTES_SECONDS, '15min')
      .fromEnvironment('walTimeout'),
    new Setting(
      '--scratch-directory <dir>',
      'where archives lie on the way when the server has tablespaces, and the list that --incremental needs',
    )
      .argParser(nonEmpty)
      .default(tmpdir(), 'that of the system')
      .fromEnvironment('scratchDirectory'),
    classOption(),
    scheduledAtOption(),
    compressionLevelOption(),
  ];
  options.forEach((option) => command.addOption(option));
}
