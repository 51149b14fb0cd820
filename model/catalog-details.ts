/**
 * What each thing in a database is like, beside its name: an index that is no longer unique, a column that lost its type, a
 * trigger that is off, an owner who is another one. Asked by the same query at the dump, inside its snapshot, and of what was
 * restored, so that only digests need be kept.
 *
 * Facts of the catalog alone, not the text of expressions (defaults, checks, the queries of views): PostgreSQL writes those a
 * little differently once they were read in again (`IN` over varchar, for one), and a drill that cries wolf is believed by nobody.
 */
import { OF_NO_EXTENSION, OURS, notOfAnExtension, qualified, quoted } from './catalog-names';

export interface CatalogDetails {
  /** By kind and name (`index "public"."orders_pkey"`): a digest of how it is defined. */
  readonly definitions: Readonly<Record<string, string>>;
  /** A digest of whose it is, and who may do what with it. */
  readonly access: Readonly<Record<string, string>>;
  /** The last value that each sequence gave, as text; absent of those that gave none yet, cycle, or may not be asked. */
  readonly sequences: Readonly<Record<string, string>>;
}

/** As {@link CATALOG_DIGESTS_SQL} gives it. */
export interface CatalogDigest {
  /** Kind and name. */
  readonly what: string;
  readonly definition: string;
  /** `null` where it goes with something else. */
  readonly access: string | null;
}

/** As {@link SEQUENCE_VALUES_SQL} gives it. */
export interface SequenceValue {
  readonly name: string;
  readonly value: string;
  readonly ascending: boolean;
}

/** `label value`, or nothing where there is no value. */
const part = (label: string, value: string): string => `'${label} ' || (${value})`;
const flag = (words: string, condition: string): string => `CASE WHEN ${condition} THEN '${words}' END`;
const list = (value: string, order: string): string => `string_agg(${value}, ', ' ORDER BY ${order})`;
const sorted = (array: string): string => `(SELECT ${list('o', 'o COLLATE "C"')} FROM unnest(${array}) AS o)`;
const comment = (oid: string, catalog: string): string => part('comment', `obj_description(${oid}, '${catalog}')`);
const columnNames = (relation: string, numbers: string): string =>
  `(SELECT ${list(`coalesce(${quoted('a.attname')}, 'an expression')`, 'number.at')} FROM unnest(${numbers}) WITH ORDINALITY AS number (of, at)
      LEFT JOIN pg_attribute AS a ON a.attrelid = ${relation} AND a.attnum = number.of AND number.of <> 0)`;
/** Whoever granted it. What nobody ever touched is what PostgreSQL gives by itself. */
const rights = (acl: string, kind: string, owner: string): string =>
  `(SELECT ${list(`g.grantee || ': ' || g.rights`, 'g.grantee COLLATE "C"')} FROM (
      SELECT coalesce(${quoted('r.rolname')}, 'everybody') AS grantee,
             string_agg(DISTINCT x.privilege_type || CASE WHEN x.is_grantable THEN ' (to grant)' ELSE '' END, ' ') AS rights
        FROM aclexplode(coalesce(${acl}, acldefault('${kind}', ${owner}))) AS x LEFT JOIN pg_roles AS r ON r.oid = x.grantee
       GROUP BY 1) AS g)`;
const access = (owner: string, acl: string, kind: string): string =>
  `concat_ws('; ', ${part('owner', `pg_get_userbyid(${owner})`)}, ${part('rights', rights(acl, kind, owner))})`;

// Columns that came by inheritance come back in another order; others do not.
const COLUMNS = `(
  SELECT ${list(
    `concat_ws(' ', ${quoted('a.attname')}, format_type(a.atttypid, a.atttypmod), ${flag('not null', 'a.attnotnull')},
       ${flag('default', `a.atthasdef AND a.attgenerated = ''`)}, ${part('generated', `nullif(a.attgenerated::text, '')`)},
       ${part('identity', `nullif(a.attidentity::text, '')`)}, ${part('storage', 'a.attstorage::text')},
       (SELECT ${part('collation', qualified('cn.nspname', 'co.collname'))} FROM pg_collation AS co JOIN pg_namespace AS cn ON cn.oid = co.collnamespace
         JOIN pg_type AS ty ON ty.oid = a.atttypid WHERE co.oid = a.attcollation AND a.attcollation <> ty.typcollation),
       ${part('comment', 'col_description(c.oid, a.attnum)')})`,
    `CASE WHEN EXISTS (SELECT FROM pg_inherits AS h WHERE h.inhrelid = c.oid) THEN 0 ELSE a.attnum END, a.attname COLLATE "C"`,
  )} FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)`;

const COLUMN_RIGHTS = `(
  SELECT ${list(`${quoted('a.attname')} || ': ' || ${rights('a.attacl', 'c', 'c.relowner')}`, 'a.attname COLLATE "C"')}
    FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attacl IS NOT NULL)`;

const TABLES = `
  SELECT CASE WHEN c.relkind IN ('r', 'p') THEN 'table ' ELSE 'view ' END || ${qualified('n.nspname', 'c.relname')} AS what,
         concat_ws('; ', ${part('kind', 'c.relkind::text')}, ${flag('unlogged', `c.relpersistence = 'u'`)},
           ${flag('row-level security', 'c.relrowsecurity')}, ${flag('forced', 'c.relforcerowsecurity')},
           ${part('replica identity', `nullif(c.relreplident::text, 'd')`)}, ${part('options', sorted('c.reloptions'))},
           ${part('stored by', `(SELECT am.amname FROM pg_am AS am WHERE am.oid = c.relam)`)},
           ${part('partition', `pg_get_expr(c.relpartbound, c.oid)`)},
           ${part('partitioned', `(SELECT concat_ws(' ', p.partstrat::text, 'by', ${columnNames('c.oid', 'p.partattrs::int2[]')}) FROM pg_partitioned_table AS p WHERE p.partrelid = c.oid)`)},
           ${part('of', `(SELECT ${list('h.inhparent::regclass::text', 'h.inhseqno')} FROM pg_inherits AS h WHERE h.inhrelid = c.oid)`)},
           ${part('columns', COLUMNS)}, ${comment('c.oid', 'pg_class')}) AS definition,
         concat_ws('; ', ${access('c.relowner', 'c.relacl', 'r')}, ${part('of columns', COLUMN_RIGHTS)}) AS access
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relpersistence <> 't' AND ${OURS} AND ${OF_NO_EXTENSION}`;

const SEQUENCES = `
  SELECT 'sequence ' || ${qualified('n.nspname', 'c.relname')},
         concat_ws('; ', format_type(q.seqtypid, NULL), ${part('start', 'q.seqstart')}, ${part('increment', 'q.seqincrement')},
           ${part('from', 'q.seqmin')}, ${part('to', 'q.seqmax')}, ${part('cache', 'q.seqcache')}, ${flag('cycles', 'q.seqcycle')},
           ${part(
             'of',
             `(SELECT ${list(`d.refobjid::regclass::text || '.' || ${quoted('a.attname')}`, 'd.refobjid')} FROM pg_depend AS d
             JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))`,
           )},
           ${comment('c.oid', 'pg_class')}),
         ${access('c.relowner', 'c.relacl', 's')}
    FROM pg_class AS c JOIN pg_sequence AS q ON q.seqrelid = c.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relpersistence <> 't' AND ${OURS} AND ${OF_NO_EXTENSION}`;

// By way of JSON: columns that came with a later major are not there before it.
const INDEXES = `
  SELECT 'index ' || ${qualified('n.nspname', 'i.relname')},
         concat_ws('; ', ${flag('unique', 'x.indisunique')}, ${flag('primary', 'x.indisprimary')}, ${flag('exclusion', 'x.indisexclusion')},
           ${flag('deferrable', 'NOT x.indimmediate')}, ${flag('nulls not distinct', `to_jsonb(x) ->> 'indnullsnotdistinct' = 'true'`)},
           ${flag('clustered', 'x.indisclustered')}, ${flag('replica identity', 'x.indisreplident')}, am.amname,
           ${part('on', columnNames('x.indrelid', '(x.indkey::int2[])[0:x.indnkeyatts - 1]'))},
           ${part('include', columnNames('x.indrelid', '(x.indkey::int2[])[x.indnkeyatts:]'))},
           ${part('by', `(SELECT ${list('o.opcname', 'k.at')} FROM unnest(x.indclass::oid[]) WITH ORDINALITY AS k (oid, at) JOIN pg_opclass AS o ON o.oid = k.oid)`)},
           ${part('collations', `(SELECT ${list('co.collname', 'k.at')} FROM unnest(x.indcollation::oid[]) WITH ORDINALITY AS k (oid, at) JOIN pg_collation AS co ON co.oid = k.oid)`)},
           ${part('order', `CASE WHEN x.indoption::text ~ '[1-9]' THEN x.indoption::text END`)}, ${flag('partial', 'x.indpred IS NOT NULL')},
           ${part('options', sorted('i.reloptions'))}, ${comment('i.oid', 'pg_class')}),
         NULL
    FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_class AS c ON c.oid = x.indrelid
    JOIN pg_namespace AS n ON n.oid = i.relnamespace JOIN pg_am AS am ON am.oid = i.relam
   WHERE c.relpersistence <> 't' AND ${OURS} AND ${OF_NO_EXTENSION}`;

const CONSTRAINTS = `
  SELECT 'constraint ' || ${qualified('n.nspname', 'c.relname', 'k.conname')},
         concat_ws('; ', ${part('kind', 'k.contype::text')}, ${flag('deferrable', 'k.condeferrable')}, ${flag('deferred', 'k.condeferred')},
           ${flag('not enforced', `to_jsonb(k) ->> 'conenforced' = 'false'`)}, ${flag('not inherited', `k.contype = 'c' AND k.connoinherit`)},
           ${part('on', columnNames('k.conrelid', 'k.conkey'))}, ${part('references', `nullif(k.confrelid, 0)::regclass::text`)},
           ${part('its', columnNames('k.confrelid', 'k.confkey'))},
           ${part('on update, delete, match', `CASE WHEN k.contype = 'f' THEN concat(k.confupdtype, k.confdeltype, k.confmatchtype) END`)},
           ${comment('k.oid', 'pg_constraint')}),
         NULL
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND k.conparentid = 0 AND c.relkind <> 'f' AND c.relpersistence <> 't'
     AND ${OURS} AND ${OF_NO_EXTENSION}`;

const FUNCTIONS = `
  SELECT 'function ' || ${qualified('n.nspname', 'p.proname')} || '(' || pg_get_function_identity_arguments(p.oid) || ')',
         concat_ws('; ', ${part('kind', 'p.prokind::text')}, ${part('language', 'l.lanname')}, ${part('returns', 'pg_get_function_result(p.oid)')},
           ${flag('security definer', 'p.prosecdef')}, ${flag('leakproof', 'p.proleakproof')}, ${flag('strict', 'p.proisstrict')},
           ${part('volatile', 'p.provolatile::text')}, ${part('parallel', 'p.proparallel::text')}, ${part('cost', 'p.procost')},
           ${part('rows', 'p.prorows')}, ${part('defaults', 'p.pronargdefaults')}, ${part('settings', sorted('p.proconfig'))},
           ${part('text', 'CASE WHEN p.prosqlbody IS NULL THEN p.prosrc END')}, ${comment('p.oid', 'pg_proc')}),
         ${access('p.proowner', 'p.proacl', 'f')}
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace JOIN pg_language AS l ON l.oid = p.prolang
   WHERE ${OURS} AND ${notOfAnExtension('pg_proc', 'p.oid')}`;

const TRIGGERS = `
  SELECT 'trigger ' || ${qualified('n.nspname', 'c.relname', 'g.tgname')},
         concat_ws('; ', ${part('enabled', 'g.tgenabled::text')}, ${part('when', 'g.tgtype')}, ${part('calls', 'g.tgfoid::regproc::text')},
           ${part('with', `nullif(encode(g.tgargs, 'escape'), '')`)}, ${flag('deferrable', 'g.tgdeferrable')}, ${flag('deferred', 'g.tginitdeferred')},
           ${part('columns', columnNames('g.tgrelid', 'g.tgattr::int2[]'))}, ${flag('conditional', 'g.tgqual IS NOT NULL')},
           ${part('old', 'g.tgoldtable')}, ${part('new', 'g.tgnewtable')}, ${comment('g.oid', 'pg_trigger')}),
         NULL
    FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = g.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND c.relkind <> 'f' AND ${OURS} AND ${OF_NO_EXTENSION}`;

const POLICIES = `
  SELECT 'policy ' || ${qualified('n.nspname', 'c.relname', 'y.polname')},
         concat_ws('; ', ${part('of', 'y.polcmd::text')}, ${flag('restrictive', 'NOT y.polpermissive')}, ${flag('using', 'y.polqual IS NOT NULL')},
           ${flag('with check', 'y.polwithcheck IS NOT NULL')}, ${comment('y.oid', 'pg_policy')}),
         ${part('for', `(SELECT ${list(`coalesce(${quoted('r.rolname')}, 'everybody')`, 'r.rolname COLLATE "C"')} FROM unnest(y.polroles) AS o (oid) LEFT JOIN pg_roles AS r ON r.oid = o.oid)`)}
    FROM pg_policy AS y JOIN pg_class AS c ON c.oid = y.polrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE ${OURS} AND ${OF_NO_EXTENSION}`;

const TYPES = `
  SELECT 'type ' || ${qualified('n.nspname', 't.typname')},
         concat_ws('; ', ${part('kind', 't.typtype::text')},
           ${part('values', `(SELECT ${list('quote_literal(e.enumlabel)', 'e.enumsortorder')} FROM pg_enum AS e WHERE e.enumtypid = t.oid)`)},
           ${part('of', 'CASE WHEN t.typbasetype <> 0 THEN format_type(t.typbasetype, t.typtypmod) END')}, ${flag('not null', 't.typnotnull')},
           ${flag('default', 't.typdefault IS NOT NULL')}, ${part('range of', `(SELECT format_type(r.rngsubtype, NULL) FROM pg_range AS r WHERE r.rngtypid = t.oid)`)},
           ${comment('t.oid', 'pg_type')}),
         ${access('t.typowner', 't.typacl', 'T')}
    FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
   WHERE t.typtype IN ('e', 'd', 'r') AND ${OURS} AND ${notOfAnExtension('pg_type', 't.oid')}`;

const DETAILS = [TABLES, SEQUENCES, INDEXES, CONSTRAINTS, FUNCTIONS, TRIGGERS, POLICIES, TYPES].join('\n  UNION ALL');

const digest = (text: string): string => `to_hex(hashtextextended(${text} COLLATE "C", 0))`;

/** Everything with its digests; `pg_catalog` must be the search path. */
export const CATALOG_DIGESTS_SQL = `
  SELECT o.what, ${digest('o.definition')} AS definition, ${digest('o.access')} AS access FROM (${DETAILS}) AS o`;

/** The same in words, for those that differ. */
export const CATALOG_WORDS_SQL = `SELECT o.what, o.definition, o.access FROM (${DETAILS}) AS o`;

/**
 * The last value of each sequence that does not cycle and has given any. By CASE, so that nothing is asked of one that is gone
 * by now, may not be read, or is unlogged on a standby: each would end the transaction.
 */
export const SEQUENCE_VALUES_SQL = `
  SELECT s.name, s.value::text AS value, s.ascending
    FROM (SELECT ${qualified('n.nspname', 'c.relname')} AS name, q.seqincrement > 0 AS ascending,
                 CASE WHEN has_sequence_privilege(c.oid, 'SELECT, USAGE') AND (c.relpersistence = 'p' OR NOT pg_is_in_recovery())
                      THEN pg_sequence_last_value(c.oid) END AS value
            FROM pg_class AS c JOIN pg_sequence AS q ON q.seqrelid = c.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
           WHERE NOT q.seqcycle AND c.relpersistence <> 't' AND ${OURS} AND ${OF_NO_EXTENSION}) AS s
   WHERE s.value IS NOT NULL`;
