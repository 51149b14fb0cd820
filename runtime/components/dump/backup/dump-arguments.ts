import { KEEPALIVE_CONNINFO } from '../../../postgres/child-environment';
import { exactTablePattern } from '../../../postgres/table-pattern';

/** What every pg_dump of one database shares. */
export interface SharedDumpArguments {
  /** Of the exported snapshot: every archive shows the database at the same moment. */
  readonly snapshot: string;
  readonly lockTimeoutSeconds: number;
}

interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** Definitions: what comes before the rows and what comes after, in one archive. */
export function schemaArguments(shared: SharedDumpArguments): string[] {
  return [...sharedArguments(shared), '--section=pre-data', '--section=post-data'];
}

/** The rows of these tables, and nothing else. */
export function namedArguments(shared: SharedDumpArguments, tables: readonly TableName[]): string[] {
  return [
    ...sharedArguments(shared),
    '--section=data',
    '--strict-names',
    ...tables.map(({ schema, name }) => `--table=${exactTablePattern(schema, name)}`),
  ];
}

/** Everything with data but the rows of these tables: large objects and sequences too. */
export function restArguments(shared: SharedDumpArguments, left: readonly TableName[]): string[] {
  return [
    ...sharedArguments(shared),
    '--section=data',
    ...left.map(({ schema, name }) => `--exclude-table-data=${exactTablePattern(schema, name)}`),
  ];
}

/**
 * Never `--enable-row-security` (it leaves rows out and exits 0), never a database on the command line (`dbname=x` would
 * name another one; PGDATABASE does not). Compression is zstd's work: a ninth of the time of pg_dump's own.
 */
function sharedArguments(shared: SharedDumpArguments): string[] {
  return [
    '--format=custom',
    '--compress=0',
    '--no-password',
    `--dbname=${KEEPALIVE_CONNINFO}`,
    `--snapshot=${shared.snapshot}`,
    `--lock-wait-timeout=${shared.lockTimeoutSeconds}s`,
  ];
}
