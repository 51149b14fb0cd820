import { BackupError } from '../errors';
import { describeConnection, makeConnection, type ConnectionSource } from './connection';
import { parseDatabaseUrl } from './database-url';
import { libpqVariables } from './libpq-variables';

/**
 * Finds out from an environment how the server is reached: libpq's own variables, DATABASE_URL.
 *
 * @throws BackupError `configuration-invalid`, at once for what the environment itself says wrongly.
 */
export function resolveServer(env: NodeJS.ProcessEnv): ConnectionSource {
  const variables = libpqVariables(env);
  if (env.DATABASE_URL) return fixedSource(merge(variables, parseDatabaseUrl(env.DATABASE_URL), 'DATABASE_URL'));
  return fixedSource(variables);
}

function fixedSource(variables: Readonly<Record<string, string>>): ConnectionSource {
  return {
    description: describeConnection(variables),
    open: async (database) => makeConnection(variables, database),
  };
}

/** Both say what they say; where they name different servers nobody can know which one was meant. */
export function merge(
  variables: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>>,
  origin: string,
): Record<string, string> {
  for (const [name, value] of Object.entries(others)) {
    if (variables[name] === undefined || variables[name] === value) continue;
    throw new BackupError('configuration-invalid', `${name} is set and differs from what ${origin} says`, {
      hint: `Unset ${name}, or take it out of ${origin}.`,
    });
  }
  return { ...variables, ...others };
}
