import { Argument, type Command } from 'commander';
import { formatBytes } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, VAULT_HELP } from '../help-text';
import { addClusterOptions, clusterOf, type ClusterOptions } from '../options/cluster-options';
import { addSharedOptions } from '../options/shared-options';
import { nonEmpty } from '../options/values';

/** PostgreSQL asks again; a push that hangs would only be in its way. */
const PUSH_DEADLINE = { seconds: 300, text: '5min' } as const;

export function describeArchivePush(parent: Command): Command {
  const command = parent
    .command('archive-push')
    .summary('archive one file of the write-ahead log: archive_command')
    .description(
      'Archives one file of the write-ahead log. It ends with 0 only when the vault has it durably. The same file again is a\n' +
        'success; other content under its name is refused, and nothing is ever written over.',
    )
    .addArgument(new Argument('<path>', 'the file, as PostgreSQL gives it: %p').argParser(nonEmpty))
    .optionsGroup('Whose log it is:');
  addClusterOptions(command);
  addSharedOptions(command, { deadline: PUSH_DEADLINE, documents: ['postgres-backup/archive-push/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText(
      'after',
      examples("archive_command = 'postgres-backup archive-push %p --vault s3://acme-vault --source orders || exit 1'")
        .replace('$ ', '')
        .concat(
          '\n  $ postgres-backup archive-push pg_wal/000000010000000000000003 --vault s3://acme-vault --source orders',
        ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function archivePush(path: string, run: CommandRun): Promise<Answer> {
  const { dependencies, source, store, signal, now } = run;
  const systemIdentifier = await clusterOf(run.command.opts<ClusterOptions>(), dependencies);
  const pushed = await dependencies.wal.push({ path, source, systemIdentifier }, { store, signal, now });
  const summary = `${pushed.outcome}: ${printable(pushed.name)} · ${formatBytes(pushed.content.sizeBytes)}`;
  const document = { format: 'postgres-backup/archive-push/1', ...pushed, systemIdentifier };
  return {
    outcome: 'passed',
    summary,
    lines: (style) => [`${style.good(`${pushed.outcome}:`)}${summary.slice(pushed.outcome.length + 1)}`],
    document,
  };
}
