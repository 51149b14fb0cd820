import { splitStatements } from '../components/dump/restore/roles';
import { quoteIdentifier } from '../postgres/sql-quoting';
import type { SqlSession } from '../postgres/session';
import { RESTORER } from './server';

/** The roles of a script of `pg_dumpall`, and who is a member of which. */
export interface DumpedRoles {
  readonly names: readonly string[];
  readonly memberships: readonly { readonly role: string; readonly member: string }[];
  readonly superusers: readonly string[];
}

const IDENTIFIER = String.raw`("(?:[^"]|"")*"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)`;
const CREATE = new RegExp(`^CREATE ROLE ${IDENTIFIER}$`);
const GRANT = new RegExp(`^GRANT ${IDENTIFIER} TO ${IDENTIFIER}(?: WITH .*| GRANTED BY .*)?$`, 's');

const SUPERUSER = new RegExp(`^ALTER ROLE ${IDENTIFIER} WITH SUPERUSER\\b`);

/** Reads names alone. Attributes and settings, a superuser's among them, are nothing a drill hands on; no statement is run. */
export function readRoles(script: string): DumpedRoles {
  const names: string[] = [];
  const memberships: { role: string; member: string }[] = [];
  const superusers: string[] = [];
  for (const statement of splitStatements(script)) {
    const created = CREATE.exec(statement);
    if (created) names.push(unquote(created[1]));
    const mighty = SUPERUSER.exec(statement);
    if (mighty) superusers.push(unquote(mighty[1]));
    const granted = GRANT.exec(statement);
    if (granted) memberships.push({ role: unquote(granted[1]), member: unquote(granted[2]) });
  }
  return { names, memberships, superusers };
}

/**
 * Makes the roles as owners and grantees, who can neither log in nor do anything special, and lets the restoring role act for
 * each. Memberships in PostgreSQL's own roles (`pg_execute_server_program`, …) are left out. Row-level security hides nothing
 * from any of them: a materialized view is filled as its owner, who saw all the rows.
 */
export async function createRoles(session: SqlSession, dumped: DumpedRoles): Promise<number> {
  const existing = await session.query<{ name: string }>('SELECT rolname AS name FROM pg_roles');
  const taken = new Set(existing.map(({ name }) => name));
  const made = new Set(dumped.names.filter((name) => !name.startsWith('pg_') && !taken.has(name)));
  for (const name of made) {
    await session.execute(`CREATE ROLE ${quoteIdentifier(name)} NOLOGIN NOSUPERUSER BYPASSRLS`);
  }
  const join = (role: string, member: string): Promise<void> =>
    session.execute(`GRANT ${quoteIdentifier(role)} TO ${quoteIdentifier(member)}`);
  for (const { role, member } of dumped.memberships) if (made.has(role) && made.has(member)) await join(role, member);
  for (const superuser of dumped.superusers.filter((name) => made.has(name))) {
    // What it owned could read everything; what it did with that stays possible, and nothing beyond the database does.
    await join('pg_read_all_data', superuser);
  }
  for (const name of made) await join(name, RESTORER);
  return made.size;
}

function unquote(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
}
