import type { ArchiveEntry } from '../../../postgres/archive/archive-head';
import type { SqlSession } from '../../../postgres/session';

/**
 * Leaves out definitions that the target has already: the schema, types and functions beside which a lost table once stood. They
 * stay as they are there, with their comments and grants. A table is never among them: one that is there is refused.
 */
export async function withoutPresent(session: SqlSession, entries: readonly ArchiveEntry[]): Promise<ArchiveEntry[]> {
  const found = await session.query<PresentObject>(PRESENT);
  const keys = new Set(found.map(({ kind, schema, name }) => presentKey(kind, schema, name)));
  const left = new Set(
    entries
      .filter((entry) => keys.has(presentKey(kindOf(entry), entry.schema, entry.name)))
      .map(({ dumpId }) => dumpId),
  );
  const hangsOnLeft = (entry: ArchiveEntry): boolean =>
    ATTRIBUTES.has(entry.kind) && entry.dependencies.some((id) => left.has(id));
  return entries.filter((entry) => !left.has(entry.dumpId) && !hangsOnLeft(entry));
}

interface PresentObject {
  readonly kind: string;
  readonly schema: string;
  readonly name: string;
}

const ATTRIBUTES: ReadonlySet<string> = new Set(['ACL', 'COMMENT', 'SECURITY LABEL', 'DEFAULT ACL']);

/** pg_dump's words, where it has several for what is one thing in a name space. */
const KINDS: Readonly<Record<string, string>> = {
  DOMAIN: 'TYPE',
  'SHELL TYPE': 'TYPE',
  PROCEDURE: 'FUNCTION',
  AGGREGATE: 'FUNCTION',
};

function kindOf({ kind }: ArchiveEntry): string {
  return KINDS[kind] ?? kind;
}

function presentKey(kind: string, schema: string, name: string): string {
  return JSON.stringify([kind, schema, name]);
}

// A function is named with its arguments as pg_dump names it in the archive: types qualified but for pg_catalog's.
const PRESENT = `
  SELECT 'SCHEMA' AS kind, '' AS schema, nspname AS name FROM pg_namespace
  UNION ALL
  SELECT 'TYPE', n.nspname, t.typname FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
  UNION ALL
  SELECT 'SEQUENCE', n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'S'
  UNION ALL
  SELECT 'COLLATION', n.nspname, c.collname FROM pg_collation AS c JOIN pg_namespace AS n ON n.oid = c.collnamespace
  UNION ALL
  SELECT 'FUNCTION', n.nspname,
         p.proname || '(' || coalesce((SELECT string_agg(format_type(a.type, NULL), ', ' ORDER BY a.position)
                                         FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, position)), '') || ')'
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace`;
