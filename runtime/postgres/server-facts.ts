import { BackupError } from '../errors';
import { withSavepoint } from './savepoint';
import { SqlError } from './server-error';
import type { SqlSession } from './session';

/** What a server and its databases are, as a manifest records them and a restore needs them. */

export interface ServerFacts {
  /** `17.12`, without what the packager added. */
  readonly version: string;
  /** `170012`. */
  readonly versionNumber: number;
  readonly major: number;
  readonly standby: boolean;
  /** The role that is connected. */
  readonly user: string;
  readonly superuser: boolean;
}

export interface DatabaseFacts {
  readonly name: string;
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  /** `c` libc, `i` icu, `b` builtin. */
  readonly localeProvider: string;
  /** The locale of `i` and `b`. */
  readonly icuLocale: string | null;
  /** `null` when the role may not know. */
  readonly sizeBytes: number | null;
}

export interface Extension {
  readonly name: string;
  readonly version: string;
}

export async function readServerFacts(session: SqlSession): Promise<ServerFacts> {
  const [row] = await session.query<Omit<ServerFacts, 'major'>>(`
    SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
           current_setting('server_version_num')::int AS "versionNumber",
           pg_is_in_recovery() AS standby,
           current_user AS "user",
           (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser`);
  return { ...row, major: Math.floor(row.versionNumber / 10_000) };
}

/** The databases that can be dumped, by name: not PostgreSQL's templates, nor what a cloud's operator keeps for itself. */
export async function listDatabases(session: SqlSession): Promise<DatabaseFacts[]> {
  return session.query<DatabaseFacts>(
    // A connection limit of -2 marks what an interrupted DROP DATABASE left behind.
    `${DATABASES} WHERE d.datallowconn AND d.datconnlimit <> -2 AND d.datname NOT IN (${OPERATORS_OWN}) ORDER BY d.datname COLLATE "C"`,
  );
}

export async function readDatabaseFacts(session: SqlSession): Promise<DatabaseFacts> {
  const [facts] = await session.query<DatabaseFacts>(`${DATABASES} WHERE d.datname = current_database()`);
  if (facts) return facts;
  throw new BackupError('database-missing', 'the connected database is gone from the catalog');
}

/** RDS, Cloud SQL and Azure let nobody into these. */
const OPERATORS_OWN = `'template0', 'template1', 'rdsadmin', 'cloudsqladmin', 'azure_maintenance', 'azure_sys'`;

// The provider's columns came with 15 and one was renamed in 17: as JSON, a column that is not there is a null.
const DATABASES = `
  SELECT d.datname AS name, pg_get_userbyid(d.datdba) AS owner, pg_encoding_to_char(d.encoding) AS encoding,
         d.datcollate AS collate, d.datctype AS ctype,
         coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') AS "localeProvider",
         coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS "icuLocale",
         CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')
              THEN pg_database_size(d.oid) END AS "sizeBytes"
    FROM pg_database AS d`;

/** Where the write-ahead log stands now; on a standby, how far it is replayed. `null` on a server that does not say. */
export async function readLsn(session: SqlSession): Promise<string | null> {
  try {
    const [row] = await withSavepoint(session, () =>
      session.query<{ lsn: string | null }>(`
        SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS lsn`),
    );
    return row.lsn;
  } catch (error) {
    if (error instanceof SqlError) return null;
    throw error;
  }
}

/** The connected database's extensions, by name. */
export async function listExtensions(session: SqlSession): Promise<Extension[]> {
  return session.query<Extension>(
    'SELECT extname AS name, extversion AS version FROM pg_extension ORDER BY extname COLLATE "C"',
  );
}

export async function countLargeObjects(session: SqlSession): Promise<number> {
  const [{ count }] = await session.query<{ count: number }>('SELECT count(*) FROM pg_largeobject_metadata');
  return count;
}
