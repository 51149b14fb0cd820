import type { Command } from 'commander';
import { printable } from '../../observe/printable';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, serverHelp, VAULT_HELP } from '../help-text';
import { addSecretOptions, addSharedOptions } from '../options/shared-options';

/** Several a minute would be too many, and one that hangs is followed by the next. */
const BEAT_DEADLINE = { seconds: 60, text: '1min' } as const;

export function describeWalHeartbeat(parent: Command): Command {
  const command = parent
    .command('wal-heartbeat')
    .summary('let an idle server write a little log')
    .description(
      'Writes one message into the log, and changes no table. A server with nothing to do archives nothing, and how much would be\n' +
        'lost cannot be told from an archive that is broken. To be run every few minutes; any role may.',
    );
  addSecretOptions(command);
  addSharedOptions(command, { deadline: BEAT_DEADLINE, documents: ['postgres-backup/wal-heartbeat/1'] });
  return command
    .addHelpText('after', serverHelp('the primary'))
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText('after', examples('postgres-backup wal-heartbeat --vault s3://acme-vault --source orders'))
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function walHeartbeat(run: CommandRun): Promise<Answer> {
  const { signal, reporter, dependencies } = run;
  const written = await dependencies.wal.beat({ server: run.server(), signal });
  for (const warning of written.warnings) reporter.warn(warning);
  const summary = `written: the log stands at ${printable(written.lsn)}, ${printable(written.at)}`;
  const document = { format: 'postgres-backup/wal-heartbeat/1', ...written };
  return { outcome: 'passed', summary, lines: () => [summary], document };
}
