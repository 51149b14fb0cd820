import { Argument, Option, type Command } from 'commander';
import { MOST_AHEAD, Spool } from '../../wal/spool';
import { printable } from '../../observe/printable';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, VAULT_HELP } from '../help-text';
import { addClusterOptions, clusterOf, type ClusterOptions } from '../options/cluster-options';
import { addSharedOptions, SHORT_RUN } from '../options/shared-options';
import { nonEmpty, seconds, wholeNumber } from '../options/values';

interface ArchiveGetOptions extends ClusterOptions {
  readonly spool?: string;
  readonly ahead: number;
  readonly gapPatience: number;
}

const EXIT_CODES = `
Exit codes, as PostgreSQL reads them:
  0    the file is there, and is what was archived
  66   the archive ends before it: recovery may end
  200  everything else (could not read, damaged, a gap, wrong usage, terminated): above 125, so that PostgreSQL does not take it
       for the end of the archive, but ends recovery as failed`;

export function describeArchiveGet(parent: Command): Command {
  const command = parent
    .command('archive-get')
    .summary('give recovery a file of the write-ahead log: restore_command')
    .description(
      'Gives recovery a file from the archive, once its content is found to be what was archived. A gap is not the end: a segment\n' +
        'that is missing where later ones are archived is a failure.',
    )
    .addArgument(new Argument('<file>', 'the file that is asked for: %f').argParser(nonEmpty))
    .addArgument(new Argument('<path>', 'where it is to be: %p').argParser(nonEmpty))
    .optionsGroup('Whose log it is:');
  addClusterOptions(command);
  command.optionsGroup('How it is fetched:');
  [
    new Option(
      '--spool <dir>',
      'keep segments here that will be asked for next; without it, none are fetched ahead',
    ).argParser(nonEmpty),
    new Option('--ahead <n>', `segments to fetch ahead, 1 to ${MOST_AHEAD}`)
      .argParser(wholeNumber(1, MOST_AHEAD))
      .default(8),
    new Option('--gap-patience <time>', 'how long a missing segment may be on its way although later ones are archived')
      .argParser(seconds(0, 3600))
      .default(60, '60s'),
  ].forEach((option) => command.addOption(option));
  addSharedOptions(command, { deadline: SHORT_RUN, documents: ['postgres-backup/archive-get/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup archive-get 000000010000000000000003 /tmp/segment --system-identifier 7564537891234567890',
      ),
    )
    .addHelpText('after', EXIT_CODES);
}

export async function archiveGet(name: string, target: string, run: CommandRun): Promise<Answer> {
  const { dependencies, source, store, signal } = run;
  const options = run.command.opts<ArchiveGetOptions>();
  const request = {
    name,
    target,
    systemIdentifier: await clusterOf(options, dependencies),
    spool: options.spool === undefined ? undefined : await Spool.open(options.spool, options.ahead),
    gapPatienceMs: options.gapPatience * 1000,
  };
  const outcome = await dependencies.wal.get(store, source, request, signal);
  const summary = `${outcome}: ${printable(name)}`;
  const document = { format: 'postgres-backup/archive-get/1', outcome, name };
  return {
    outcome: outcome === 'found' ? 'passed' : 'not archived',
    summary,
    lines: () => [summary],
    document,
  };
}
