import { ENVIRONMENT } from '../../model';
import { BackupError } from '../errors';
import { describeConnection, makeConnection, type ConnectionSource } from './connection';
import { parseDatabaseUrl } from './database-url';
import { checkTokenSettings, mintRdsToken, type MintToken } from './iam-token';
import { libpqVariables } from './libpq-variables';
import { mergeSecretFields, mergeUrl } from './merge-variables';
import { interpretSecret } from './secret';
import { readSecret, type ReadSecret } from './secrets-manager';

/** What is asked of AWS, so that a test can answer. */
export interface ServerDependencies {
  readonly readSecret?: ReadSecret;
  readonly mintToken?: MintToken;
}

/**
 * Finds out from an environment how the server is reached: libpq's own variables, and with them either DATABASE_URL, or a secret
 * (fields or a URL), or RDS authentication tokens. Two that contradict each other are refused, never ranked in silence.
 *
 * @throws BackupError `configuration-invalid` at once for what the environment itself says wrongly. What is found out only on
 * `open()`, of a secret, is thrown there: `secret-unreadable`, `configuration-invalid`.
 */
export function resolveServer(env: NodeJS.ProcessEnv, dependencies: ServerDependencies = {}): ConnectionSource {
  const variables = libpqVariables(env);
  const secret = env[ENVIRONMENT.secret];
  const tokens = readSwitch(env, ENVIRONMENT.iamAuthentication);
  refuseTogether(ENVIRONMENT.secret, Boolean(secret), 'DATABASE_URL', Boolean(env.DATABASE_URL));
  refuseTogether(ENVIRONMENT.secret, Boolean(secret), ENVIRONMENT.iamAuthentication, tokens);
  if (secret) {
    const read = dependencies.readSecret ?? readSecret;
    return secretSource(
      variables,
      () => readVariables(read, secret, env[ENVIRONMENT.secretUrlField], variables),
      secret,
    );
  }
  const known = env.DATABASE_URL ? mergeUrl(variables, parseDatabaseUrl(env.DATABASE_URL), 'DATABASE_URL') : variables;
  return tokens ? tokenSource(known, dependencies.mintToken ?? mintRdsToken) : fixedSource(known);
}

type Variables = Readonly<Record<string, string>>;

function fixedSource(variables: Variables): ConnectionSource {
  return {
    description: describeConnection(variables),
    open: async (database) => makeConnection(variables, database),
  };
}

/** A token lives for 15 minutes and is looked at only when a connection is made: one for each. */
function tokenSource(variables: Variables, mint: MintToken): ConnectionSource {
  const request = checkTokenSettings(variables);
  return {
    description: describeConnection(variables),
    open: async (database) => makeConnection({ ...request.variables, PGPASSWORD: await mint(request) }, database),
  };
}

/** Read for every connection: a run that takes hours sees the rotation that happened in it. */
function secretSource(variables: Variables, read: () => Promise<Variables>, name: string): ConnectionSource {
  let description = variables.PGHOST ? `${variables.PGHOST} as in the secret ${name}` : `the secret ${name}`;
  return {
    get description() {
      return description;
    },
    open: async (database) => {
      const complete = await read();
      description = describeConnection(complete);
      return makeConnection(complete, database);
    },
  };
}

async function readVariables(
  read: ReadSecret,
  name: string,
  urlField: string | undefined,
  variables: Variables,
): Promise<Variables> {
  const origin = `the secret ${JSON.stringify(name)}`;
  const content = interpretSecret(await read(name), origin, urlField || undefined);
  if (content.kind === 'fields') return mergeSecretFields(variables, content.variables, origin);
  // A task may be told to begin with another database than the one that the URL names.
  const { PGDATABASE: database = content.variables.PGDATABASE, ...others } = variables;
  const merged = mergeUrl(others, content.variables, origin);
  return database === undefined ? merged : { ...merged, PGDATABASE: database };
}

function readSwitch(env: NodeJS.ProcessEnv, name: string): boolean {
  const value = env[name] ?? '';
  if (value === 'true') return true;
  if (value === '' || value === 'false') return false;
  throw new BackupError('configuration-invalid', `${name} is ${JSON.stringify(value)}`, {
    hint: 'It is true or false.',
  });
}

function refuseTogether(first: string, firstIsSet: boolean, second: string, secondIsSet: boolean): void {
  if (!firstIsSet || !secondIsSet) return;
  throw new BackupError('configuration-invalid', `${first} and ${second} are both set`, {
    hint: 'Each says how to log in; keep one of them.',
  });
}
