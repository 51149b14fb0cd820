import type { StoredObject } from '../../../../model';
import { usageError } from '../../../errors';
import { SqlError } from '../../../postgres/server-error';
import { quoteIdentifier } from '../../../postgres/sql-quoting';
import type { SqlSession } from '../../../postgres/session';
import { readGlobals } from '../globals-script';
import type { ArchiveOrigin } from '../verified-archive';

/** What concerns roles. Tablespaces are places on a server's disk and are never made by a restore. */
const ROLE_STATEMENT = /^(CREATE ROLE|ALTER ROLE|GRANT|COMMENT ON ROLE|ALTER DATABASE|SECURITY LABEL)\b/;

/**
 * Restores roles, their attributes and memberships. Passwords were never dumped: a role that can log in gets one from a
 * person. A role that exists stays as it is but for what the dump says of it; nothing is dropped.
 */
export async function restoreRoles(
  origin: ArchiveOrigin,
  globals: StoredObject | null,
  session: SqlSession,
): Promise<number> {
  if (!globals)
    throw usageError('this recovery point holds no roles', 'It was made with --no-globals; leave --roles out.');
  const statements = splitStatements(await readGlobals(origin, globals)).filter((sql) => ROLE_STATEMENT.test(sql));
  const existing = await session.query<{ name: string }>('SELECT rolname AS name FROM pg_roles');
  const [{ self }] = await session.query<{ self: string }>('SELECT session_user AS self');
  const creations = new Set(existing.flatMap(({ name }) => asDumped(name).map((dumped) => `CREATE ROLE ${dumped}`)));
  const changesSelf = (statement: string): boolean =>
    asDumped(self).some((dumped) => statement.startsWith(`ALTER ROLE ${dumped} `));
  let executed = 0;
  for (const statement of statements) {
    // The restoring role must not change itself: it may lose the right to go on.
    if (creations.has(statement) || changesSelf(statement) || statement.startsWith('ALTER DATABASE')) continue;
    await executeOrGrantOneself(statement, session);
    executed++;
  }
  return executed;
}

/**
 * Since PostgreSQL 16 a membership is refused unless who granted it may hand it on, or is the superuser that the cluster was made
 * with, who in another cluster is somebody else. Whoever restores grants it then.
 */
async function executeOrGrantOneself(statement: string, session: SqlSession): Promise<void> {
  try {
    await session.execute(statement);
  } catch (error) {
    const [, grant] = GRANTED_BY.exec(statement) ?? [];
    if (!(error instanceof SqlError) || error.sqlState !== INSUFFICIENT_PRIVILEGE || grant === undefined) throw error;
    await session.execute(grant);
  }
}

const GRANTED_BY = /^(GRANT .*) GRANTED BY (?:"(?:[^"]|"")*"|[^\s"]+)$/s;
const INSUFFICIENT_PRIVILEGE = '42501';

/** Statements of a pg_dumpall script: they end with a semicolon at a line's end, outside quotes. */
export function splitStatements(script: string): string[] {
  const statements: string[] = [];
  let current = '';
  for (const line of script.split('\n')) {
    if (current === '' && (line.trim() === '' || line.startsWith('--') || line.startsWith('\\'))) continue;
    current += current === '' ? line : `\n${line}`;
    if (!line.endsWith(';') || isInsideQuotes(current)) continue;
    statements.push(current.slice(0, -1));
    current = '';
  }
  return statements;
}

/** An odd number of either quote: a name or literal goes on in the next line. Doubled quotes count twice. */
function isInsideQuotes(sql: string): boolean {
  let open: string | undefined;
  for (const char of sql) {
    if (open === undefined && (char === '"' || char === "'")) open = char;
    else if (char === open) open = undefined;
  }
  return open !== undefined;
}

/** The forms in which pg_dumpall may write a name: quoted where it must be, for a keyword (`"user"`) too. */
function asDumped(name: string): string[] {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? [name, quoteIdentifier(name)] : [quoteIdentifier(name)];
}
