import { Option, type Command } from 'commander';
import { DEFAULT_OBJECTIVE_SECONDS, EXIT } from '../../../model';
import { BackupError, toBackupError } from '../../errors';
import { evaluate } from '../../observe/status/evaluate';
import type { SourceStatus } from '../../observe/status/source-status';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, VAULT_HELP } from '../help-text';
import { objective, type StatedObjectives } from '../options/objective';
import { addSharedOptions, SHORT_RUN } from '../options/shared-options';
import { statusAnswer } from '../output/status-output';

export function describeStatus(parent: Command): Command {
  const command = parent
    .command('status')
    .summary('tell whether the backups are as new as they should be')
    .description(
      'Tells how the backups of a source stand: age, verification, size, failed runs. It looks at what lies in the vault,\n' +
        'and goes by the store’s own clock.',
    )
    .optionsGroup('What is good enough:')
    .addOption(
      new Option(
        '--objective <age>',
        'age that the newest backup may have: 25h. Repeat it with verified=27h for the newest verified one, which may be as old\n' +
          'if nothing is said (default: 26h, for daily backups)',
      ).argParser(objective),
    );
  addSharedOptions(command, { deadline: SHORT_RUN, documents: ['postgres-backup/status/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup status --vault s3://acme-vault --source orders',
        'postgres-backup status --vault s3://acme-vault --source orders --objective 2h --objective verified=3h',
        "postgres-backup status --vault s3://acme-vault --source orders --json | jq '.components[].newest.ageSeconds'",
      ),
    )
    .addHelpText('after', `${EXIT_CODES_HELP}\n  4  an objective is missed`);
}

export async function status(run: CommandRun): Promise<Answer> {
  const { objective: stated = {} } = run.command.opts<{ objective?: StatedObjectives }>();
  const newestSeconds = stated.newest ?? DEFAULT_OBJECTIVE_SECONDS;
  const objectives = { newestSeconds, newestVerifiedSeconds: stated.verified ?? newestSeconds };
  const found = await readOrGiveUp(run);
  return statusAnswer(found, evaluate(found, objectives));
}

/** A status that cannot be read says nothing of the backups, good or bad. */
async function readOrGiveUp({ dependencies, store, source, now }: CommandRun): Promise<SourceStatus> {
  try {
    return await dependencies.catalog.readStatus(store, source, now());
  } catch (thrown) {
    const { code, message, detail, hint } = toBackupError(thrown);
    throw new BackupError(code, message, { detail, hint, exitCode: EXIT.unverified, cause: thrown });
  }
}
