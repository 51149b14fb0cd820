import { Option, type Command } from 'commander';
import { usageError } from '../../errors';
import { formatAge } from '../../observe/format';
import type { Answer } from '../answer';
import type { CommandRun, Counted } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from '../help-text';
import { addSharedOptions, SHORT_RUN } from '../options/shared-options';
import { nonEmpty, repeatable } from '../options/values';
import { restoredConfigurationAnswer } from '../output/configuration-output';
import { addPointArgument } from './point-argument';

export const RESTORE_CONFIGURATION_COUNTED: Counted = {
  component: 'configuration',
  succeeded: 'restoreSucceeded',
  failed: 'restoreFailed',
};

interface RestoreConfigurationOptions {
  readonly name: readonly string[];
  readonly apply?: boolean;
  readonly show?: boolean;
  readonly parameterKey?: string;
}

export function describeRestoreConfiguration(parent: Command): Command {
  const command = parent
    .command('configuration')
    .summary('compare settings and secrets with what is there, and write some back')
    .description(
      'Says by name what differs between the recovery point and what is there now. With --apply, what --name names is written\n' +
        'back and read again. Nothing is deleted, and no value is shown unless asked for.',
    );
  addPointArgument(command);
  command.optionsGroup('What to do:');
  const options = [
    new Option('--name <name>', 'entry, such as parameter:/orders/flags; repeat for several')
      .argParser(repeatable)
      .default([], 'all'),
    new Option('--apply', 'write the entries named back'),
    new Option('--show', 'show values: they are on your terminal then, and in its history'),
    new Option(
      '--parameter-key <key>',
      'key of KMS for a SecureString that is written; the account’s own by default',
    ).argParser(nonEmpty),
  ];
  options.forEach((option) => command.addOption(option));
  addSharedOptions(command, { deadline: SHORT_RUN, documents: ['postgres-backup/restore-configuration/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup restore configuration latest --vault s3://acme-vault --source orders',
        'postgres-backup restore configuration latest --apply --name parameter:/orders/flags --vault s3://acme-vault --source orders',
      ),
    )
    .addHelpText('after', EXIT_CODES_HELP);
}

export async function restoreConfiguration(wanted: string, run: CommandRun): Promise<Answer> {
  const { name, apply, show, parameterKey } = run.command.opts<RestoreConfigurationOptions>();
  if (apply && name.length === 0) {
    throw usageError('--apply needs to be told what to write', 'Name each entry: --name parameter:/orders/flags.');
  }
  const { store, reporter, signal, now } = run;
  const point = await run.points('configuration').find(wanted);
  const taken = formatAge(new Date(point.manifest.startedAt), now());
  reporter.headline(`${point.manifest.source} ${point.manifest.point} · taken ${taken}`);
  const report = await run.dependencies.configuration.restore(
    { point, names: name, action: apply ? 'apply' : 'compare', values: show ? 'show' : 'hide', parameterKey },
    { store, reporter, signal, now },
  );
  run.measure({ restoreDuration: Math.round(report.durationMs) / 1000 });
  return restoredConfigurationAnswer(report);
}
