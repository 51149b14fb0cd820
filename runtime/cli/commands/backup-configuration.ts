import { Option, type Command } from 'commander';
import type { RetentionClass } from '../../../model';
import type { ConfigurationRequest } from '../../components/configuration/types';
import { usageError } from '../../errors';
import type { Answer } from '../answer';
import type { CommandRun, Counted } from '../execute';
import { examples, EXIT_CODES_HELP, PLACES_HELP, VAULT_HELP } from '../help-text';
import { madeFigures } from '../made-figures';
import { classOption, scheduledAtOption } from '../options/point-options';
import { Setting } from '../options/setting';
import { addSharedOptions, SHORT_RUN, type SharedOptions } from '../options/shared-options';
import { jsonList, nonEmpty, repeatable } from '../options/values';
import { configurationAnswer } from '../output/configuration-output';

export const CONFIGURATION_COUNTED: Counted = {
  component: 'configuration',
  succeeded: 'backupSucceeded',
  failed: 'backupFailed',
};

interface ConfigurationOptions {
  readonly parameter: readonly string[];
  readonly parameterPath: readonly string[];
  readonly secretValue: readonly string[];
  readonly text: readonly string[];
  readonly envelopeKey?: string;
  readonly class: RetentionClass;
  readonly scheduledAt?: Date;
}

export function describeBackupConfiguration(parent: Command): Command {
  const command = parent
    .command('configuration')
    .summary('back settings, secrets and certificates up into the vault')
    .description(
      'Reads SSM parameters, Secrets Manager secrets and texts, and stores them in an envelope: encrypted with a key of KMS,\n' +
        'besides the encryption of the vault, so that who may read the bucket does not read the secrets.',
    );
  addConfigurationOptions(command);
  addSharedOptions(command, { deadline: SHORT_RUN, documents: ['postgres-backup/backup/1'] });
  return command
    .addHelpText('after', VAULT_HELP)
    .addHelpText('after', PLACES_HELP)
    .addHelpText(
      'after',
      examples(
        'postgres-backup backup configuration --parameter-path /orders --secret-value orders/smtp --envelope-key alias/orders-backup --vault s3://acme-vault --source orders',
        'postgres-backup backup configuration --text nginx=@/etc/nginx/nginx.conf --envelope-key alias/orders-backup --vault s3://acme-vault --source orders',
      ),
    )
    .addHelpText(
      'after',
      `${EXIT_CODES_HELP}\nA run that another run for the same --scheduled-at makes needless ends with 0 and says so.`,
    );
}

export async function backupConfiguration(run: CommandRun): Promise<Answer> {
  const { store, reporter, signal, now, source } = run;
  const options = run.command.opts<ConfigurationOptions & SharedOptions>();
  const request = requestOf(source, options);
  reporter.headline(`${source}: configuration → ${store.uri}`);
  const context = { store, reporter, signal, now, deadlineSeconds: options.deadline };
  const result = await run.dependencies.configuration.backup(request, context);
  if (result.outcome === 'made') {
    const { totals } = result.manifest;
    run.measure(madeFigures({ ...result, ...totals }));
  }
  return configurationAnswer(source, result);
}

function addConfigurationOptions(command: Command): void {
  command.optionsGroup('What to back up:');
  const what = [
    new Setting('--parameter <name>', 'SSM parameter; repeat for several')
      .argParser(repeatable)
      .default([], 'none')
      .fromEnvironment('parameters', jsonList),
    new Setting('--parameter-path <path>', 'all SSM parameters below this path; repeat for several')
      .argParser(repeatable)
      .default([], 'none')
      .fromEnvironment('parameterPaths', jsonList),
    new Setting('--secret-value <name>', 'Secrets Manager secret, by name or ARN; repeat for several')
      .argParser(repeatable)
      .default([], 'none')
      .fromEnvironment('secretValues', jsonList),
    new Option('--text <name=@file>', 'text of a file, under a name; repeat for several')
      .argParser(repeatable)
      .default([], 'none'),
  ];
  what.forEach((option) => command.addOption(option));

  command.optionsGroup('How to back up:');
  const how = [
    new Setting('--envelope-key <key>', 'key of KMS to encrypt the values with: ARN, id or alias')
      .argParser(nonEmpty)
      .fromEnvironment('envelopeKey'),
    classOption(),
    scheduledAtOption(),
  ];
  how.forEach((option) => command.addOption(option));
}

function requestOf(source: string, options: ConfigurationOptions): ConfigurationRequest {
  const { parameter, parameterPath, secretValue, text, envelopeKey } = options;
  if (parameter.length + parameterPath.length + secretValue.length + text.length === 0) {
    throw usageError(
      'nothing is named to be backed up',
      'Give --parameter, --parameter-path, --secret-value or --text, or set POSTGRES_BACKUP_PARAMETERS and the like.',
    );
  }
  if (envelopeKey === undefined) {
    throw usageError(
      'no key is given to encrypt the values with',
      'Give --envelope-key ARN, or set POSTGRES_BACKUP_ENVELOPE_KEY: such as the key of the vault.',
    );
  }
  return {
    source,
    class: options.class,
    scheduledAt: options.scheduledAt,
    envelopeKey,
    parameters: parameter,
    parameterPaths: parameterPath,
    secrets: secretValue,
    texts: text.map(textOf),
  };
}

/** Never the text itself: arguments can be seen by everybody on the machine. */
function textOf(argument: string): ConfigurationRequest['texts'][number] {
  const match = /^([^=]+)=@(.+)$/s.exec(argument);
  if (!match)
    throw usageError(
      `the text ${JSON.stringify(argument.split('=')[0])} is not NAME=@FILE`,
      'Give it as nginx=@nginx.conf.',
    );
  return { name: match[1], file: match[2] };
}
