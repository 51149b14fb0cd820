/**
 * What a database holds, to be compared with another's: an oracle that shares nothing with the code under test but the stock
 * tools. Rows by content, sequences by position, large objects by their bytes, definitions as pg_dump writes them.
 */
import { qualifiedName } from '../../runtime/postgres/sql-quoting';
import type { SqlSession } from '../../runtime/postgres/session';
import { runProgram } from './run-script';
import type { Lab, Place } from './lab';

export interface DatabaseContent {
  /** By table: how many rows, and a digest of them all, whatever their order. */
  readonly rows: Readonly<Record<string, string>>;
  /** By sequence: last value and whether it was used. */
  readonly sequences: Readonly<Record<string, string>>;
  /** By oid: digest of the bytes, owner and grants. */
  readonly largeObjects: Readonly<Record<string, string>>;
  /** `pg_dump --schema-only`, line by line. */
  readonly definitions: readonly string[];
}

export async function readContent(lab: Lab, database: string, place: Place = {}): Promise<DatabaseContent> {
  return lab.withSession(
    database,
    async (session) => ({
      rows: await readRows(session),
      sequences: await readSequences(session),
      largeObjects: await readLargeObjects(session),
      definitions: await readDefinitions(lab, database, place),
    }),
    place,
  );
}

async function readRows(session: SqlSession): Promise<Record<string, string>> {
  const tables = await session.query<{ schema: string; name: string }>(`
    SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relispopulated AND n.nspname NOT IN ('pg_catalog', 'information_schema')
       AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2`);
  const rows: Record<string, string> = {};
  for (const table of tables) {
    const [found] = await session.query<{ count: number; digest: string }>(`
      SELECT count(*) AS count, coalesce(md5(string_agg(line, '' ORDER BY line)), '') AS digest
        FROM (SELECT md5(t::text) AS line FROM ${qualifiedName(table)} AS t) AS lines`);
    rows[`${table.schema}.${table.name}`] = `${found.count} rows ${found.digest}`;
  }
  return rows;
}

async function readSequences(session: SqlSession): Promise<Record<string, string>> {
  const sequences = await session.query<{ schema: string; name: string }>(
    'SELECT schemaname AS schema, sequencename AS name FROM pg_sequences ORDER BY 1, 2',
  );
  const found: Record<string, string> = {};
  for (const sequence of sequences) {
    const [row] = await session.query<{ value: string; used: boolean }>(
      `SELECT last_value::text AS value, is_called AS used FROM ${qualifiedName(sequence)}`,
    );
    found[`${sequence.schema}.${sequence.name}`] = `${row.value} ${row.used}`;
  }
  return found;
}

async function readLargeObjects(session: SqlSession): Promise<Record<string, string>> {
  const objects = await session.query<{ oid: string; what: string }>(`
    SELECT oid::text AS oid, concat_ws(' ', md5(lo_get(oid)), pg_get_userbyid(lomowner), lomacl::text,
                                       obj_description(oid, 'pg_largeobject')) AS what
      FROM pg_largeobject_metadata ORDER BY oid`);
  return Object.fromEntries(objects.map(({ oid, what }) => [oid, what]));
}

async function readDefinitions(lab: Lab, database: string, place: Place): Promise<string[]> {
  const { env } = lab.connection({ ...place, database });
  const dump = await runProgram(lab.tools.pgDump, ['--schema-only'], { PATH: process.env.PATH ?? '', ...env });
  if (dump.code !== 0) throw new Error(dump.stderr);
  // Newer minor versions write a random word into the script.
  return dump.stdout.split('\n').filter((line) => !/^\\(un)?restrict /.test(line));
}
