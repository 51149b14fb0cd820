import type { Command } from 'commander';
import type { RunContext } from '../../context';
import type { Answer } from '../answer';
import type { CommandRun, Counted } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, serverHelp, VAULT_HELP } from '../help-text';
import { dumpFigures } from '../made-figures';
import { addDumpOptions, dumpRequest } from '../options/dump-options';
import { addSecretOptions, addSharedOptions, LONG_RUN, type SharedOptions } from '../options/shared-options';
import { dumpAnswer } from '../output/dump-output';

export const DUMP_COUNTED: Counted = { component: 'dump', succeeded: 'backupSucceeded', failed: 'backupFailed' };

export function describeDump(parent: Command): Command {
  const command = parent
    .command('dump')
    .summary('dump databases into the vault')
    .description(
      'Dumps one or more databases with stock pg_dump under one snapshot, streams them through zstd into the vault, and\n' +
        'counts the rows of every table. The manifest is written last: without it there is no recovery point.',
    );
  addDumpOptions(command);
  addSecretOptions(command);
  addSharedOptions(command, { deadline: LONG_RUN, documents: ['postgres-backup/backup/1'] });
  return command
    .addHelpText('after', serverHelp('the database to dump'))
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup backup dump --vault s3://acme-vault --source orders',
        'postgres-backup backup dump --vault s3://acme-vault --source orders --all-databases --jobs 4',
        "postgres-backup backup dump --vault s3://acme-vault --source orders --ephemeral-table 'public.*_queue'",
      ),
    )
    .addHelpText(
      'after',
      `${EXIT_CODES_HELP}\nA run that another run for the same --scheduled-at makes needless ends with 0 and says so. After one that failed or was\nkilled it is made again.`,
    );
}

export async function dump(run: CommandRun): Promise<Answer> {
  const request = dumpRequest(run.source, run.command, run.dependencies.host.env);
  const result = await run.dependencies.dump.backup(request, runContext(run));
  if (result.outcome === 'made') {
    const { totals } = result.manifest;
    run.measure(dumpFigures({ ...result, ...totals, items: totals.rows }));
  }
  return dumpAnswer(run.source, result);
}

/** What a component is given. */
export function runContext(run: CommandRun): RunContext {
  const { store, reporter, signal, now } = run;
  const server = run.server();
  reporter.headline(`${run.source}: ${server.description} → ${store.uri}`);
  const { deadline: deadlineSeconds } = run.command.opts<SharedOptions>();
  return { store, server, reporter, signal, now, deadlineSeconds };
}
