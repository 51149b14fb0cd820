import type { TableClass } from '../../model';
import { BackupError } from '../errors';
import type { SqlSession } from './session';
import { matchPattern } from './table-pattern';

/** Which tables a dump of the connected database holds rows of, and how much each matters. */

/** A table whose rows `pg_dump` dumps, each partition as one of its own. */
export interface ListedTable {
  readonly schema: string;
  readonly name: string;
  readonly class: TableClass;
  /** Its rows are lost in a crash and absent on a standby. */
  readonly unlogged: boolean;
  /** Heap and TOAST, without indexes; as last estimated where the table is locked just now. */
  readonly sizeBytes: number;
  /** The planner's estimate; -1 when it has none. */
  readonly estimatedRows: number;
}

/** A table of an extension that is marked to be dumped (`pg_extension_config_dump`): those rows of it that meet a condition. */
export interface ExtensionTable {
  readonly schema: string;
  readonly name: string;
  readonly extension: string;
  /** Begins with WHERE; empty for all rows. */
  readonly condition: string;
}

export interface TableListing {
  /** By schema and name. */
  readonly tables: readonly ListedTable[];
  /** Apart, because their rows in a dump are not all their rows. */
  readonly extensionTables: readonly ExtensionTable[];
}

/** Patterns as `pg_dump --table` has them. */
export interface TableClassPatterns {
  readonly critical: readonly string[];
  readonly ephemeral: readonly string[];
}

/**
 * Lists them from the catalog as it stands in the session's transaction. Left out, as by pg_dump: system schemas, temporary and
 * foreign tables, partitioned parents (they hold no rows), and members of extensions.
 *
 * @throws BackupError `configuration-invalid` when a pattern matches no table with rows, or a table is of two classes.
 */
export async function listTables(
  session: SqlSession,
  patterns: TableClassPatterns = { critical: [], ephemeral: [] },
): Promise<TableListing> {
  const rows = await session.query<TableRow>(TABLES);
  const classes = await classify(session, rows, patterns);
  const tables = rows.map(({ oid, ...table }) => ({ ...table, class: classes.get(oid) ?? 'important' }));
  return { tables, extensionTables: await session.query<ExtensionTable>(EXTENSION_TABLES) };
}

interface TableRow extends Omit<ListedTable, 'class'> {
  readonly oid: number;
}

/** What pg_dump leaves alone, whatever it holds. */
export const USER_SCHEMA = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;

/** Members of extensions are made by CREATE EXTENSION and not dumped. */
export const NOT_OF_AN_EXTENSION = `NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend AS d
   WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')`;

// pg_table_size waits for a lock, and a whole listing should not wait for one table: estimate what is locked.
const TABLES = `
  SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relpersistence = 'u' AS unlogged,
         coalesce(CASE WHEN l.relation IS NULL THEN pg_catalog.pg_table_size(c.oid) END,
                  c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint) AS "sizeBytes",
         c.reltuples AS "estimatedRows"
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN (SELECT DISTINCT relation FROM pg_catalog.pg_locks
                WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
                  AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) AS l
      ON l.relation = c.oid
   WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND ${USER_SCHEMA} AND ${NOT_OF_AN_EXTENSION}
   ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

const EXTENSION_TABLES = `
  SELECT n.nspname AS schema, c.relname AS name, e.extname AS extension, config.condition
    FROM pg_catalog.pg_extension AS e
   CROSS JOIN LATERAL unnest(e.extconfig, e.extcondition) AS config (relation, condition)
    JOIN pg_catalog.pg_class AS c ON c.oid = config.relation
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r'
   ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

async function classify(
  session: SqlSession,
  tables: readonly TableRow[],
  patterns: TableClassPatterns,
): Promise<Map<number, TableClass>> {
  const known = new Map(tables.map((table) => [table.oid, table]));
  const classes = new Map<number, TableClass>();
  for (const tableClass of ['critical', 'ephemeral'] as const) {
    for (const pattern of patterns[tableClass]) {
      for (const oid of await tablesOf(session, pattern, known)) {
        refuseSecondClass(known.get(oid), classes.get(oid), tableClass);
        classes.set(oid, tableClass);
      }
    }
  }
  return classes;
}

/** A pattern that only matches views or a partitioned parent would, silently, be about no rows at all. */
async function tablesOf(session: SqlSession, pattern: string, known: ReadonlyMap<number, TableRow>): Promise<number[]> {
  const matched = await matchPattern(session, pattern);
  const oids = matched.map(({ oid }) => oid).filter((oid) => known.has(oid));
  if (oids.length > 0) return oids;
  const parent = matched.find(({ kind }) => kind === 'p');
  throw new BackupError('configuration-invalid', `the pattern ${JSON.stringify(pattern)} matches no table with rows`, {
    detail: `it matches ${matched[0].schema}.${matched[0].name}`,
    hint: parent
      ? 'That table is partitioned and its rows are in its partitions: write a pattern that matches them.'
      : 'Views, sequences, foreign tables and tables of extensions have no rows in a dump.',
  });
}

function refuseSecondClass(table: TableRow | undefined, first: TableClass | undefined, second: TableClass): void {
  if (first === undefined || first === second) return;
  throw new BackupError(
    'configuration-invalid',
    `the table ${table?.schema}.${table?.name} is both ${first} and ${second}`,
    {
      hint: 'Make the patterns of critical and ephemeral tables narrower.',
    },
  );
}
