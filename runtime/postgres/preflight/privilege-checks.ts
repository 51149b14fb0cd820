import type { PreflightFinding } from '../../components/dump/types';
import { BackupError } from '../../errors';
import { NOT_OF_AN_EXTENSION, USER_SCHEMA } from '../catalog-tables';
import type { SqlSession } from '../session';
import { failed, passed, someOf } from './finding';

/** Whether the role may read everything that a dump holds. pg_dump stops at the first table it may not read. */

export async function checkReadableTables(session: SqlSession): Promise<PreflightFinding> {
  const check = 'readable tables';
  const relations = await session.query<{ name: string; readable: boolean; usable: boolean }>(RELATIONS);
  const [{ user }] = await session.query<{ user: string }>('SELECT current_user AS user');
  const unreadable = relations.filter(({ readable, usable }) => !readable || !usable).map(({ name }) => name);
  if (unreadable.length === 0) return passed(check, `all ${relations.length} tables and sequences`);
  return failed(
    check,
    new BackupError('table-unreadable', `the role "${user}" may not read ${unreadable.length} of ${relations.length}`, {
      detail: someOf(unreadable),
      hint: `GRANT pg_read_all_data TO "${user.replaceAll('"', '""')}"; or SELECT on each and USAGE on its schema.`,
    }),
  );
}

// Partitioned tables hold no rows, but pg_dump locks them, and may only lock what it may read.
const RELATIONS = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name,
         CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT') ELSE has_table_privilege(c.oid, 'SELECT') END AS readable,
         has_schema_privilege(n.oid, 'USAGE') AS usable
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't' AND ${USER_SCHEMA}
     AND (${NOT_OF_AN_EXTENSION} OR EXISTS (SELECT FROM pg_extension AS e WHERE c.oid = ANY (e.extconfig)))
   ORDER BY 1`;

export async function checkReadableLargeObjects(session: SqlSession): Promise<PreflightFinding> {
  const check = 'readable large objects';
  const [{ total, unreadable, example }] = await session.query<{
    total: number;
    unreadable: number;
    example: number | null;
  }>(LARGE_OBJECTS);
  if (unreadable === 0) return passed(check, `all ${total}`);
  return failed(
    check,
    new BackupError('table-unreadable', `the role may not read ${unreadable} of ${total} large objects`, {
      detail: `large object ${example}`,
      hint: 'GRANT SELECT ON LARGE OBJECT … TO the role for each, or connect as their owner.',
    }),
  );
}

// No function of PostgreSQL before 18 answers this; the rule is that of lo_open: owner, or SELECT, or superuser.
const LARGE_OBJECTS = `
  SELECT count(*) AS total,
         count(*) FILTER (WHERE NOT readable) AS unreadable,
         min(oid::bigint) FILTER (WHERE NOT readable) AS example
    FROM (SELECT m.oid,
                 current_setting('lo_compat_privileges') = 'on'
                 OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
                 OR pg_has_role(m.lomowner, 'USAGE')
                 OR EXISTS (SELECT FROM aclexplode(m.lomacl) AS a
                             WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE'))) AS readable
            FROM pg_largeobject_metadata AS m) AS objects`;

export async function checkRowSecurity(session: SqlSession): Promise<PreflightFinding> {
  const check = 'row-level security';
  const hidden = await session.query<{ name: string }>(ROWS_HIDDEN);
  if (hidden.length === 0) return passed(check, 'hides no rows from this role');
  return failed(
    check,
    new BackupError('row-security', `row-level security hides rows of ${hidden.length} tables from this role`, {
      detail: someOf(hidden.map(({ name }) => name)),
      hint: 'Connect as a role with BYPASSRLS (ALTER ROLE … BYPASSRLS), or as the owner where it is not forced on him.',
    }),
  );
}

// The server's own judgement, which knows owners, FORCE and BYPASSRLS.
const ROWS_HIDDEN = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relrowsecurity AND c.relkind IN ('r', 'p') AND ${USER_SCHEMA} AND row_security_active(c.oid)
   ORDER BY 1`;
