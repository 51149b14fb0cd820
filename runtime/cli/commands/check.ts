import type { Command } from 'commander';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, serverHelp, VAULT_HELP } from '../help-text';
import { addDumpOptions, dumpRequest } from '../options/dump-options';
import { addSecretOptions, addSharedOptions, SHORT_RUN } from '../options/shared-options';
import { checkAnswer } from '../output/check-output';
import { runContext } from './backup-dump';

export function describeCheck(parent: Command): Command {
  const command = parent
    .command('check')
    .summary('find out whether a dump would succeed')
    .description(
      'Looks at everything that a dump needs, without making one: server and client versions, readable tables, row-level\n' +
        'security, locks, the number of tables. Takes the options of `backup dump`.',
    );
  addDumpOptions(command);
  addSecretOptions(command);
  addSharedOptions(command, { deadline: SHORT_RUN, documents: ['postgres-backup/check/1'] });
  return command
    .addHelpText('after', serverHelp('the database to check'))
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup check --vault s3://acme-vault --source orders',
        'postgres-backup check --vault s3://acme-vault --source orders --all-databases --json',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function check(run: CommandRun): Promise<Answer> {
  const request = dumpRequest(run.source, run.command, run.dependencies.host.env);
  return checkAnswer(await run.dependencies.dump.check(request, runContext(run)));
}
