import type { Connection } from './connection';

/**
 * The whole environment of a PostgreSQL tool that we start: what it needs and nothing inherited beyond that. Our AWS
 * credentials do not reach it, and a stray PGCLIENTENCODING or PGTZ of the shell does not change a dump.
 */
export function childEnvironment(connection: Connection): Record<string, string> {
  return {
    ...inherited(['PATH', 'HOME', 'TMPDIR', 'KRB5CCNAME', 'KRB5_CONFIG']),
    // English messages, byte-wise case rules, and UTC: results do not depend on the machine.
    LC_ALL: 'C',
    TZ: 'UTC',
    PGAPPNAME: 'postgres-backup',
    PGCONNECT_TIMEOUT: String(CONNECT_TIMEOUT_SECONDS),
    ...connection.env,
  };
}

const CONNECT_TIMEOUT_SECONDS = 15;

/**
 * For `--dbname` of every tool: notices a peer that went away without a word within about a minute, where TCP alone would wait
 * for hours. libpq reads these from a connection string only. It is a constant that never names a database: that stays in
 * PGDATABASE, where libpq takes a name as it is, even `dbname=x` or a URL.
 */
export const KEEPALIVE_CONNINFO =
  'keepalives=1 keepalives_idle=30 keepalives_interval=10 keepalives_count=3 tcp_user_timeout=60000';

function inherited(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
