import { Option, type Command } from 'commander';
import { formatCount, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from '../help-text';
import { addClusterOptions, clusterOf, type ClusterOptions } from '../options/cluster-options';
import { addSharedOptions } from '../options/shared-options';
import { nonEmpty, wholeNumber } from '../options/values';

interface HelperOptions extends ClusterOptions {
  readonly socket: string;
  readonly parallel: number;
}

const CLIENT = `
The client is curl, and without the helper the command pushes by itself. In postgresql.conf, on one line:
  archive_command = 'curl -sf -m 60 -o /dev/null --unix-socket SOCKET http://helper/archive/%f ||
                     postgres-backup archive-push %p --vault s3://acme-vault --source orders || exit 1'`;

export function describeArchiveHelper(parent: Command): Command {
  const command = parent
    .command('archive-helper')
    .summary('answer archive_command, and push ahead what is ready')
    .description(
      'Runs until it is stopped. It pushes what PostgreSQL has marked as ready before it is asked for, several files at once,\n' +
        'and answers archive_command over a Unix socket: 200 only when the vault has the file durably.',
    )
    .optionsGroup('Whose log it is:');
  addClusterOptions(command);
  command.optionsGroup('How it works:');
  [
    new Option('--socket <path>', 'Unix socket on which it answers')
      .argParser(nonEmpty)
      .default('/run/postgres-backup/archive.sock'),
    new Option('--parallel <n>', 'files pushed at once, 1 to 32').argParser(wholeNumber(1, 32)).default(4),
  ].forEach((option) => command.addOption(option));
  addSharedOptions(command, { deadline: 'none', documents: ['postgres-backup/archive-helper/1'] });
  return command
    .addHelpText('after', CLIENT)
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup archive-helper --data-directory /var/lib/postgresql/17/main --vault s3://acme-vault --source orders',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function archiveHelper(run: CommandRun): Promise<Answer> {
  const { dependencies, source, store, signal, now, reporter } = run;
  const options = run.command.opts<HelperOptions>();
  const { dataDirectory = '.', socket: socketPath, parallel } = options;
  const systemIdentifier = await clusterOf(options, dependencies);
  const report = await dependencies.wal.help(
    { dataDirectory, source, systemIdentifier, parallel, socketPath },
    {
      store,
      signal,
      now,
      onListening: () => reporter.headline(`archives WAL of ${source} in ${store.uri}, asked on ${socketPath}`),
      onFailure: (name, error) =>
        reporter.warn(`${printable(name)}: ${error.code}: ${printable([error.message, error.detail].join(' '))}`),
    },
  );
  const summary = `stopped: ${formatNumberOf(report.archived, 'file')} archived, ${formatCount(report.failed)} failed`;
  return { outcome: 'passed', summary, lines: () => [summary], document: helperDocument(report) };
}

function helperDocument(report: { readonly archived: number; readonly failed: number }) {
  return { format: 'postgres-backup/archive-helper/1', ...report };
}
