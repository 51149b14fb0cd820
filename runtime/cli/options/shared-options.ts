/** Options that every command has: where the backups are, whose they are, how to answer, how long to try. */
import { Option, type Command } from 'commander';
import { usageError } from '../../errors';
import { Setting } from './setting';
import { nonEmpty, seconds, sourceName, trueOrFalse } from './values';

export interface SharedOptions {
  readonly vault: string;
  readonly source: string;
  readonly json?: boolean;
  /** Nothing: it runs until it is stopped. */
  readonly deadline?: number;
  readonly secret?: string;
  readonly secretUrlField?: string;
  readonly iamAuthentication?: boolean;
}

const ONE_WEEK_SECONDS = 7 * 86_400;

export interface SharedDefaults {
  /** `none`: of what runs until it is stopped. */
  readonly deadline: { readonly seconds: number; readonly text: string } | 'none';
  /** What `--json` prints; named in the help, because programs rely on it. */
  readonly documents: readonly string[];
}

/** A run that moves a database's bytes may take this long; a look at something, the other. */
export const LONG_RUN = { seconds: 12 * 3600, text: '12h' } as const;
export const SHORT_RUN = { seconds: 600, text: '10min' } as const;

export function addSharedOptions(command: Command, defaults: SharedDefaults): Command {
  command
    .optionsGroup('Common options:')
    .addOption(
      new Setting('--vault <uri>', 'the bucket that holds the backups: s3://bucket[/prefix]')
        .argParser(nonEmpty)
        .fromEnvironment('vault'),
    )
    .addOption(
      new Setting('--source <name>', 'the name that the server’s backups are kept under')
        .argParser(sourceName)
        .fromEnvironment('source'),
    )
    .addOption(new Option('--json', `print the result as one JSON document: ${defaults.documents.join(' or ')}`));
  const { deadline } = defaults;
  if (deadline === 'none') return command;
  return command.addOption(
    new Setting('--deadline <time>', 'end the run as failed after this time: seconds, or 90s, 15min, 2h')
      .argParser(seconds(1, ONE_WEEK_SECONDS))
      .default(deadline.seconds, deadline.text)
      .fromEnvironment('deadline'),
  );
}

/** How the password is come by, where it is not in the environment or a password file. */
export function addSecretOptions(command: Command): Command {
  return command
    .optionsGroup('Reaching PostgreSQL (besides the variables below):')
    .addOption(
      new Setting('--secret <name>', 'Secrets Manager secret with the connection: ARN or name')
        .argParser(nonEmpty)
        .fromEnvironment('secret'),
    )
    .addOption(
      new Setting('--secret-url-field <field>', 'field of the secret that holds a DATABASE_URL')
        .argParser(nonEmpty)
        .fromEnvironment('secretUrlField'),
    )
    .addOption(
      new Setting('--iam-authentication', 'sign in with RDS IAM tokens instead of a password').fromEnvironment(
        'iamAuthentication',
        trueOrFalse,
      ),
    );
}

/** The vault and the source, which have no default; empty where they are not needed and not given. */
export function requireTarget(
  { vault, source }: Partial<SharedOptions>,
  needs: { readonly vault?: 'not read'; readonly source?: 'optional' } = {},
): { vault: string; source: string } {
  if (vault === undefined && needs.vault !== 'not read') {
    throw usageError('no vault is given', 'Give --vault s3://bucket[/prefix], or set POSTGRES_BACKUP_VAULT.');
  }
  if (source === undefined && needs.source !== 'optional') {
    throw usageError('no source is given', 'Give --source NAME, or set POSTGRES_BACKUP_SOURCE.');
  }
  return { vault: vault ?? '', source: source ?? '' };
}
