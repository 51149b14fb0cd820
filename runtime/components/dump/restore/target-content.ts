import { BackupError } from '../../../errors';
import { qualifiedName } from '../../../postgres/sql-quoting';
import type { SqlSession } from '../../../postgres/session';
import { MARKER_SCHEMA } from './marker';

/**
 * Refuses a database that holds anything a person made: restoring over it doubles rows or stops half-way. What a platform
 * puts into every new database (extensions and what belongs to them, the empty schema `public`) does not count.
 */
export async function refuseNonEmpty(session: SqlSession, description: string): Promise<void> {
  const found = await session.query<{ what: string }>(USER_OBJECTS);
  if (found.length === 0) return;
  if (found.some(({ what }) => what === `schema ${MARKER_SCHEMA}`))
    throw unfinished(await readMarker(session), description);
  throw new BackupError('target-not-empty', `${description} is not empty`, {
    detail: `It holds ${found.map(({ what }) => what).join(', ')}${found.length === SHOWN ? ', …' : ''}.`,
    hint: 'Restore into an empty database (createdb), or pass --clean to drop everything that is in it first.',
  });
}

/** Refuses a database in which a restore of some tables was left half-way: what it made is not to be told from the rest. */
export async function refuseUnfinished(session: SqlSession, description: string): Promise<void> {
  const marked = await session.query(`SELECT FROM pg_namespace WHERE nspname = '${MARKER_SCHEMA}'`);
  if (marked.length === 0) return;
  const { message, detail } = unfinished(await readMarker(session), description);
  throw new BackupError('target-not-empty', message, {
    detail,
    hint: `Drop (or, after --data-only, truncate) the tables that it was to restore, then DROP SCHEMA ${MARKER_SCHEMA} CASCADE, and restore again.`,
  });
}

interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** Refuses tables that are there already, for a restore of some tables beside others. */
export async function refuseExistingTables(
  session: SqlSession,
  tables: readonly TableName[],
  description: string,
): Promise<void> {
  const isThere = await presentTables(session);
  const clash = tables.find(isThere);
  if (!clash) return;
  throw new BackupError('target-not-empty', `${description} has a table ${qualifiedName(clash)} already`, {
    hint: 'Drop or rename it, or restore into another database; with --data-only its rows are filled into an empty table.',
  });
}

/** Refuses tables that are missing or hold rows, for a restore of rows alone. */
export async function refuseUnfitTables(
  session: SqlSession,
  tables: readonly TableName[],
  description: string,
): Promise<void> {
  const isThere = await presentTables(session);
  const missing = tables.find((table) => !isThere(table));
  if (missing) {
    throw new BackupError('restore-failed', `${description} has no table ${qualifiedName(missing)} for its rows`, {
      hint: 'Restore the definitions first (--schema-only), or leave --data-only out.',
    });
  }
  for (const table of tables) {
    const [{ filled }] = await session.query<{ filled: boolean }>(
      `SELECT EXISTS (SELECT FROM ${qualifiedName(table)}) AS filled`,
    );
    if (!filled) continue;
    throw new BackupError('target-not-empty', `table ${qualifiedName(table)} in ${description} holds rows already`, {
      hint: 'Empty it first (TRUNCATE): rows are never added to rows.',
    });
  }
}

async function presentTables(session: SqlSession): Promise<(table: TableName) => boolean> {
  const found = await session.query<TableName>(RELATIONS);
  const keys = new Set(found.map(({ schema, name }) => JSON.stringify([schema, name])));
  return ({ schema, name }) => keys.has(JSON.stringify([schema, name]));
}

interface MarkerRow {
  point: string;
  source: string;
  started: string;
  failure: string | null;
}

async function readMarker(session: SqlSession): Promise<MarkerRow | undefined> {
  const rows = await session.query<MarkerRow>(
    `SELECT point, source, started_at AS started, failure FROM ${MARKER_SCHEMA}.restore`,
  );
  return rows[0];
}

function unfinished(marker: MarkerRow | undefined, description: string): BackupError {
  const what = marker ? `of ${marker.point} (${marker.source}), begun ${marker.started}` : '';
  return new BackupError('target-not-empty', `${description} holds a restore ${what} that was not finished`, {
    detail: marker?.failure ?? undefined,
    hint: 'Pass --clean to drop it and restore anew.',
  });
}

const SHOWN = 5;

const NOT_SYSTEM = (column: string): string =>
  `${column} NOT IN ('pg_catalog', 'information_schema') AND ${column} NOT LIKE 'pg\\_toast%' AND ${column} NOT LIKE 'pg\\_temp%'`;

const NOT_EXTENSION = (catalog: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = o.oid AND d.deptype = 'e')`;

const USER_OBJECTS = `
  SELECT what FROM (
    SELECT 'schema ' || o.nspname AS what, 1 AS rank FROM pg_namespace o
      WHERE o.nspname <> 'public' AND ${NOT_SYSTEM('o.nspname')} AND ${NOT_EXTENSION('pg_namespace')}
    UNION ALL
    SELECT CASE o.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'S' THEN 'sequence ' ELSE 'table ' END
           || n.nspname || '.' || o.relname, 2
      FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
      WHERE o.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND ${NOT_SYSTEM('n.nspname')} AND ${NOT_EXTENSION('pg_class')}
    UNION ALL
    SELECT 'function ' || n.nspname || '.' || o.proname, 3 FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace
      WHERE ${NOT_SYSTEM('n.nspname')} AND ${NOT_EXTENSION('pg_proc')}
    UNION ALL
    SELECT 'type ' || n.nspname || '.' || o.typname, 4 FROM pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace
      WHERE o.typtype IN ('e', 'd', 'r') AND ${NOT_SYSTEM('n.nspname')} AND ${NOT_EXTENSION('pg_type')}
    UNION ALL
    SELECT 'large object ' || o.oid, 5 FROM pg_largeobject_metadata o
  ) found ORDER BY rank, what LIMIT ${SHOWN}`;

const RELATIONS = `
  SELECT n.nspname AS schema, o.relname AS name FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
    WHERE o.relkind IN ('r', 'p', 'v', 'm', 'f')`;
