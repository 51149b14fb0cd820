/**
 * What a database is made of besides its rows, by name: taken at the dump inside its snapshot, and again in a database that
 * was restored from it. An index that is lost on the way is missed by name.
 */
import type { CatalogDetails } from './catalog-details';
import { notOfAnExtension, OF_NO_EXTENSION, OURS, qualified, quoted } from './catalog-names';

export const CATALOG_KINDS = [
  'table',
  'index',
  'constraint',
  'sequence',
  'view',
  'function',
  'trigger',
  'policy',
  'type',
] as const;

export type CatalogKind = (typeof CATALOG_KINDS)[number];

export interface CatalogFingerprint {
  /** Quoted, qualified names, sorted: `"public"."orders_pkey"`. */
  readonly objects: Readonly<Record<CatalogKind, readonly string[]>>;
  /** Indexes and constraints that the server does not hold for valid, materialized views that nobody filled. */
  readonly invalid: readonly string[];
  /** Sequences that will give a value that their own column has already. */
  readonly sequencesBehind: readonly string[];
  /** What each of them is like; absent where it could not be asked. */
  readonly details?: CatalogDetails;
}

/** One object of the catalog, as {@link CATALOG_SQL} gives it. */
export interface CatalogObject {
  readonly kind: CatalogKind;
  readonly name: string;
  readonly valid: boolean;
}

/**
 * Lists them, with `pg_catalog` as the search path. Left out: what belongs to extensions, foreign tables, what the server makes
 * of itself for partitions, and event triggers, publications and the like, which are no part of the data.
 */
export const CATALOG_SQL = `
  SELECT CASE WHEN c.relkind IN ('r', 'p') THEN 'table' WHEN c.relkind = 'S' THEN 'sequence' ELSE 'view' END AS kind,
         ${qualified('n.nspname', 'c.relname')} AS name, c.relispopulated AS valid
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'S', 'v', 'm') AND c.relpersistence <> 't' AND ${OURS} AND ${OF_NO_EXTENSION}
  UNION ALL
  SELECT 'index', ${qualified('n.nspname', 'i.relname')}, x.indisvalid
    FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_class AS c ON c.oid = x.indrelid
    JOIN pg_namespace AS n ON n.oid = i.relnamespace
   WHERE c.relpersistence <> 't' AND ${OURS} AND ${OF_NO_EXTENSION}
  UNION ALL
  SELECT 'constraint', ${qualified('n.nspname', 'c.relname', 'k.conname')}, k.convalidated
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND k.conparentid = 0 AND c.relkind <> 'f' AND c.relpersistence <> 't'
     AND ${OURS} AND ${OF_NO_EXTENSION}
  UNION ALL
  SELECT 'function', ${qualified('n.nspname', 'p.proname')} || '(' || pg_get_function_identity_arguments(p.oid) || ')', true
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
   WHERE ${OURS} AND ${notOfAnExtension('pg_proc', 'p.oid')}
  UNION ALL
  SELECT 'trigger', ${qualified('n.nspname', 'c.relname', 'g.tgname')}, true
    FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = g.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND c.relkind <> 'f' AND ${OURS} AND ${OF_NO_EXTENSION}
  UNION ALL
  SELECT 'policy', ${qualified('n.nspname', 'c.relname', 'y.polname')}, true
    FROM pg_policy AS y JOIN pg_class AS c ON c.oid = y.polrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE ${OURS} AND ${OF_NO_EXTENSION}
  UNION ALL
  SELECT 'type', ${qualified('n.nspname', 't.typname')}, true
    FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
   WHERE t.typtype IN ('e', 'd', 'r') AND ${OURS} AND ${notOfAnExtension('pg_type', 't.oid')}`;

/** A sequence that belongs to a column, as {@link OWNED_SEQUENCES_SQL} gives it; names quoted and qualified. */
export interface OwnedSequence {
  readonly sequence: string;
  readonly relation: string;
  readonly column: string;
  readonly ascending: boolean;
}

/** The sequences that fill a column (serial, identity), of tables that are dumped. Those that cycle are never behind. */
export const OWNED_SEQUENCES_SQL = `
  SELECT ${qualified('sn.nspname', 's.relname')} AS sequence, ${qualified('n.nspname', 'c.relname')} AS relation,
         ${quoted('a.attname')} AS column, q.seqincrement > 0 AS ascending
    FROM pg_depend AS d
    JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_sequence AS q ON q.seqrelid = s.oid
    JOIN pg_namespace AS sn ON sn.oid = s.relnamespace
    JOIN pg_class AS c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND NOT a.attisdropped
   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
     AND NOT q.seqcycle AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
     AND ${OURS} AND ${OF_NO_EXTENSION}
   ORDER BY 1`;

/** One row with `behind` for each sequence, in the order given; `null` where it cannot be said. At most some dozens at once. */
export function sequencesBehindSql(sequences: readonly OwnedSequence[]): string {
  return sequences
    .map(({ sequence, relation, column, ascending }, index) => {
      const [furthest, beyond] = ascending ? ['max', '>'] : ['min', '<'];
      return `SELECT ${index} AS index, coalesce((SELECT ${furthest}(t.${column}) ${beyond} (SELECT s.last_value FROM ${sequence} AS s)
        OR (${furthest}(t.${column}) = (SELECT s.last_value FROM ${sequence} AS s) AND NOT (SELECT s.is_called FROM ${sequence} AS s))
        FROM ${relation} AS t), false) AS behind`;
    })
    .join(' UNION ALL ');
}

/** The objects as a fingerprint. */
export function catalogFingerprint(
  objects: readonly CatalogObject[],
  sequencesBehind: readonly string[],
): CatalogFingerprint {
  const byKind = Object.fromEntries(CATALOG_KINDS.map((kind) => [kind, [] as string[]])) as Record<
    CatalogKind,
    string[]
  >;
  for (const { kind, name } of objects) byKind[kind].push(name);
  for (const names of Object.values(byKind)) names.sort();
  const invalid = objects.filter(({ valid }) => !valid).map(({ kind, name }) => `${kind} ${name}`);
  return { objects: byKind, invalid: invalid.sort(), sequencesBehind: [...sequencesBehind].sort() };
}
