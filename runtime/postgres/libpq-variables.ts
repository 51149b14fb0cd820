import { BackupError } from '../errors';
import { PARAMETER_VALUES, PARAMETER_VARIABLES } from './database-url-parameters';

/**
 * The libpq variables of an environment, as libpq itself would take them. Those that would change a dump rather than how it is
 * reached (PGCLIENTENCODING, PGTZ, PGDATESTYLE, PGGEQO) are left behind.
 *
 * @throws BackupError `configuration-invalid` for a value that libpq would refuse, and for a service file, which could
 * name another database than the one asked for and would win.
 */
export function libpqVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  for (const name of ['PGSERVICE', 'PGSERVICEFILE']) {
    if (env[name]) {
      throw new BackupError('configuration-invalid', `${name} is set, but service files are not supported`, {
        hint: 'A service file could name another database than the one asked for. Set PGHOST, PGPORT, PGUSER and PGDATABASE.',
      });
    }
  }
  const variables: Record<string, string> = {};
  for (const name of [...Object.values(PARAMETER_VARIABLES), 'PGREQUIRESSL']) {
    const value = env[name];
    if (value === undefined || value === '') continue; // To libpq an empty variable is an absent one.
    checkValue(name, value);
    variables[name] = value;
  }
  return variables;
}

function checkValue(name: string, value: string): void {
  const allowed = PARAMETER_VALUES[name];
  if (allowed && !allowed.includes(value)) {
    throw new BackupError('configuration-invalid', `${name} is ${JSON.stringify(value)}`, {
      hint: `It is one of ${allowed.join(', ')}.`,
    });
  }
  if (name === 'PGPORT' && !value.split(',').every((port) => /^\d{0,5}$/.test(port) && Number(port) <= 65_535)) {
    throw new BackupError('configuration-invalid', `PGPORT is ${JSON.stringify(value)}`, {
      hint: 'A port is a number from 1 to 65535.',
    });
  }
}
