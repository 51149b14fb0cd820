import { userInfo } from 'node:os';
import { BackupError } from '../errors';

/**
 * How PostgreSQL is reached. libpq does the connecting, in its own tools, and is configured by its own variables: so every
 * form of host, certificate and authentication that libpq knows works, and no connection string is ever put together.
 */
export interface ConnectionSource {
  /** For people and logs: `backup@db.internal:5432/orders`. Never holds a password. */
  readonly description: string;
  /**
   * The libpq environment for one new connection, to `database` or to the source's own. Asked for anew for every
   * connection: a rotated secret is read again, a token that expires in 15 minutes is minted again.
   */
  open(database?: string): Promise<Connection>;
}

export interface Connection {
  readonly description: string;
  readonly database: string;
  /** PGHOST, PGPORT, PGUSER, PGPASSWORD, …: complete, to be merged into a child's environment and shown to nobody. */
  readonly env: Readonly<Record<string, string>>;
}

/** Makes a connection of libpq variables; `database` goes before PGDATABASE, and without both it is the user's, as in libpq. */
export function makeConnection(variables: Readonly<Record<string, string>>, database?: string): Connection {
  const name = database ?? variables.PGDATABASE ?? userOf(variables);
  if (name === '' || name.includes('\0')) {
    throw new BackupError('configuration-invalid', `${JSON.stringify(name)} cannot be the name of a database`, {
      hint: 'Name the database in PGDATABASE or in the URL.',
    });
  }
  const env = { ...variables, PGDATABASE: name };
  return { description: describeConnection(env), database: name, env };
}

/** `user@host:port/database`, without anything secret. */
export function describeConnection(variables: Readonly<Record<string, string>>): string {
  const host = variables.PGHOST ?? variables.PGHOSTADDR ?? '[local]';
  return `${userOf(variables)}@${host}:${variables.PGPORT ?? '5432'}/${variables.PGDATABASE ?? userOf(variables)}`;
}

/** PGUSER, or as in libpq the name of the operating system's user. */
function userOf(variables: Readonly<Record<string, string>>): string {
  if (variables.PGUSER !== undefined) return variables.PGUSER;
  try {
    return userInfo().username;
  } catch (cause) {
    throw new BackupError(
      'configuration-invalid',
      'PGUSER is not set, and this process runs as a user without a name',
      {
        hint: 'Set PGUSER to the role that connects.',
        cause,
      },
    );
  }
}
