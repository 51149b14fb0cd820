import { Option, type Command } from 'commander';
import type { RetentionPolicy } from '../../../model';
import { BackupError, usageError } from '../../errors';
import { POLICY_EXAMPLE } from '../../retention/parse-policy';
import type { Answer } from '../answer';
import type { CommandRun } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from '../help-text';
import { Setting } from '../options/setting';
import { addComponentOption, type ComponentOption } from '../options/component-option';
import { addSharedOptions, SHORT_RUN } from '../options/shared-options';
import { retentionPolicy } from '../options/values';
import { retentionAnswer } from '../output/retention-output';

interface RetentionOptions extends ComponentOption {
  readonly policy?: RetentionPolicy;
  readonly apply?: boolean;
}

export function describeRetention(parent: Command): Command {
  const command = parent
    .command('retention')
    .summary('show which recovery points end and why, or mark them')
    .description(
      'Shows for every recovery point whether it stays or ends, and why. With --apply, marks what ends with a tag; a rule of\n' +
        'the vault deletes what is marked, days later. This program deletes nothing. Of mirrors, the versions end too that no\n' +
        'inventory names any more.',
    )
    .optionsGroup('What ends:')
    .addOption(
      new Setting('--policy <json>', `how long each class is kept: ${POLICY_EXAMPLE}`)
        .argParser(retentionPolicy)
        .fromEnvironment('retention'),
    )
    .addOption(new Option('--apply', 'mark what ends; without it, nothing is changed').conflicts('dryRun'))
    .addOption(new Option('--dry-run', 'change nothing, as without --apply'));
  addComponentOption(command);
  addSharedOptions(command, { deadline: SHORT_RUN, documents: ['postgres-backup/retention/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        `postgres-backup retention --vault s3://acme-vault --source orders --policy '${POLICY_EXAMPLE}'`,
        'postgres-backup retention --vault s3://acme-vault --source orders --apply --json',
        'postgres-backup retention --vault s3://acme-vault --source orders --component objects',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function retention({ command, dependencies, source, store, signal, now }: CommandRun): Promise<Answer> {
  const { policy, apply, component } = command.opts<RetentionOptions>();
  if (!policy) {
    throw usageError(
      'no retention policy is given',
      `Give --policy, or set POSTGRES_BACKUP_RETENTION, such as ${POLICY_EXAMPLE}.`,
    );
  }
  const context = { store, signal, now };
  const plan = await dependencies.retention.plan({ source, component, policy }, context);
  if (plan.runs.length === 0) throw nothingThere(source, store.uri);
  const result = apply ? await dependencies.retention.apply(plan, context) : undefined;
  const mirrored =
    component === 'objects'
      ? await dependencies.retention.endMirrored({ source, mode: apply ? 'mark' : 'show' }, context)
      : undefined;
  return retentionAnswer({ plan, result, mirrored, vault: store.uri }, now());
}

/** A name misspelt must not look like a vault in which nothing ends. */
function nothingThere(source: string, uri: string): BackupError {
  return new BackupError('point-missing', `there is nothing of "${source}" in ${uri}`, {
    hint: 'Check --vault and --source.',
  });
}
