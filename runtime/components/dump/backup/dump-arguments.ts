import { KEEPALIVE_CONNINFO } from '../../../postgres/child-environment';
import { exactTablePattern } from '../../../postgres/table-pattern';

/** What every pg_dump of one database shares. */
export interface SharedDumpArguments {
  /** Of the exported snapshot: every archive shows the database at the same moment. */
  readonly snapshot: string;
  readonly lockTimeoutSeconds: number;
  readonly encodings: ArchiveEncodings;
}

/** What to have pg_dump write; absent: the database's own encoding. */
export interface ArchiveEncodings {
  readonly definitions?: 'UTF8';
  readonly rows?: 'UTF8';
}

/**
 * Names go to pg_dump as UTF-8 and come back in an archive's table of contents, where they are compared: in another encoding
 * `müller` would match no table, and its rows would be left out or be dumped twice. Rows are converted only where a table's
 * name calls for it, since a byte that is no letter in its encoding (WIN1252 has such) cannot be. SQL_ASCII knows no letters:
 * its bytes pass as they are.
 */
export function archiveEncodings(encoding: string, tables: readonly TableName[]): ArchiveEncodings {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return {};
  const isPlain = tables.every(({ schema, name }) => /^\p{ASCII}*$/u.test(schema + name));
  return isPlain ? { definitions: 'UTF8' } : { definitions: 'UTF8', rows: 'UTF8' };
}

interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** Definitions: what comes before the rows and what comes after, in one archive. */
export function schemaArguments(shared: SharedDumpArguments): string[] {
  return [...sharedArguments(shared, shared.encodings.definitions), '--section=pre-data', '--section=post-data'];
}

/** The rows of these tables, and nothing else. */
export function namedArguments(shared: SharedDumpArguments, tables: readonly TableName[]): string[] {
  return [
    ...sharedArguments(shared, shared.encodings.rows),
    '--section=data',
    '--strict-names',
    ...tables.map(({ schema, name }) => `--table=${exactTablePattern(schema, name)}`),
  ];
}

/** Everything with data but the rows of these tables: large objects and sequences too. */
export function restArguments(shared: SharedDumpArguments, left: readonly TableName[]): string[] {
  return [
    ...sharedArguments(shared, shared.encodings.rows),
    '--section=data',
    ...left.map(({ schema, name }) => `--exclude-table-data=${exactTablePattern(schema, name)}`),
  ];
}

/**
 * Never `--enable-row-security` (it leaves rows out and exits 0), never a database on the command line (`dbname=x` would
 * name another one; PGDATABASE does not). Compression is zstd's work: a ninth of the time of pg_dump's own.
 */
function sharedArguments(shared: SharedDumpArguments, encoding: string | undefined): string[] {
  return [
    '--format=custom',
    '--compress=0',
    '--no-password',
    `--dbname=${KEEPALIVE_CONNINFO}`,
    `--snapshot=${shared.snapshot}`,
    `--lock-wait-timeout=${shared.lockTimeoutSeconds}s`,
    ...(encoding === undefined ? [] : [`--encoding=${encoding}`]),
  ];
}
