/**
 * What a database holds, as digests: every row of every table, every sequence, every large object, every definition. Taken with stock
 * tools, so that "the same as before" does not rest on the program that made and restored the backup.
 */
import { createHash } from 'node:crypto';
import { quoteIdentifier, quoteLiteral } from '../../runtime/postgres/sql-quoting';
import { DATABASE, EPHEMERAL } from './clinic';
import { askPsql, hashDefinitions, hashRows, type HashedLines } from './psql';
import type { Scene } from './scene';

export interface Content {
  readonly tables: ReadonlyMap<string, HashedLines>;
  readonly sequences: HashedLines;
  readonly largeObjects: HashedLines;
  readonly definitions: HashedLines;
  /** Of all of the above but the tables whose rows a backup leaves out. */
  readonly sha256: string;
}

/** Rows of the table whose rows are not kept. */
export const EPHEMERAL_NAME = `"${EPHEMERAL.schema}"."${EPHEMERAL.name}"`;

export async function readContent(scene: Scene, signal: AbortSignal): Promise<Content> {
  const tables = await hashTables(scene, signal);
  const sequences = await hashSequences(scene, signal);
  const largeObjects = await hashRows(scene, DATABASE, LARGE_OBJECTS, signal);
  const definitions = await hashDefinitions(scene, DATABASE, signal);
  const kept = [...tables].filter(([name]) => name !== EPHEMERAL_NAME);
  const parts = [...kept, ['sequences', sequences], ['large objects', largeObjects], ['definitions', definitions]];
  const sha256 = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return { tables, sequences, largeObjects, definitions, sha256 };
}

/** What is not the same, by name; empty when all is. */
export function differences(before: Content, after: Content): string[] {
  const names = new Set([...before.tables.keys(), ...after.tables.keys()]);
  names.delete(EPHEMERAL_NAME);
  const tables = [...names].filter((name) => !same(before.tables.get(name), after.tables.get(name)));
  const others = (['sequences', 'largeObjects', 'definitions'] as const).filter(
    (part) => !same(before[part], after[part]),
  );
  return [...tables, ...others];
}

export function totalRows({ tables }: Content): number {
  return [...tables.values()].reduce((sum, { lines }) => sum + lines, 0);
}

/** Two that are missing are not the same: nothing was seen. */
function same(a: HashedLines | undefined, b: HashedLines | undefined): boolean {
  return a !== undefined && b !== undefined && a.lines === b.lines && a.sha256 === b.sha256;
}

async function hashTables(scene: Scene, signal: AbortSignal): Promise<Map<string, HashedLines>> {
  const tables = new Map<string, HashedLines>();
  for (const { schema, name } of await namesOf(scene, "c.relkind IN ('r', 'm')", signal)) {
    const qualified = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
    const rows = `SELECT t::text FROM ONLY ${qualified} AS t ORDER BY t::text COLLATE "C"`;
    tables.set(qualified, await hashRows(scene, DATABASE, rows, signal));
  }
  return tables;
}

async function hashSequences(scene: Scene, signal: AbortSignal): Promise<HashedLines> {
  const names = await namesOf(scene, "c.relkind = 'S'", signal);
  const positions = names.map(({ schema, name }) => {
    const qualified = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
    return `SELECT ${quoteLiteral(qualified)}, last_value, is_called FROM ${qualified}`;
  });
  return hashRows(scene, DATABASE, `${positions.join(' UNION ALL ')} ORDER BY 1`, signal);
}

async function namesOf(
  scene: Scene,
  condition: string,
  signal: AbortSignal,
): Promise<{ schema: string; name: string }[]> {
  const sql = `SELECT json_agg(json_build_object('schema', n.nspname, 'name', c.relname) ORDER BY n.nspname, c.relname)::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE ${condition} AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'`;
  return JSON.parse(await askPsql(scene, DATABASE, sql, signal)) as { schema: string; name: string }[];
}

const LARGE_OBJECTS = `SELECT m.oid, pg_get_userbyid(m.lomowner), m.lomacl::text, encode(sha256(lo_get(m.oid)), 'hex')
  FROM pg_largeobject_metadata m ORDER BY m.oid`;
