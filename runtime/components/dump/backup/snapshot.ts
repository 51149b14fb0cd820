import type { SqlSession } from '../../../postgres/session';
import { qualifiedName } from '../../../postgres/sql-quoting';

/** Locks are taken in statements of so many tables. */
const TABLES_PER_STATEMENT = 500;

/** A moment of the database that several processes can look at. */
export interface Snapshot {
  readonly name: string;
  readonly takenAt: Date;
}

/**
 * Opens the transaction whose snapshot every archive and every row count shares, and exports it. It stays valid as long as
 * the session's transaction does.
 */
export async function exportSnapshot(session: SqlSession): Promise<Snapshot> {
  await session.execute('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const [{ name, at }] = await session.query<{ name: string; at: string }>(
    'SELECT pg_export_snapshot() AS name, clock_timestamp() AS at',
  );
  return { name, takenAt: new Date(at) };
}

/**
 * Holds the tables against ALTER and DROP until the dumps have locked them themselves; waits for a locked one as long as the
 * session's lock_timeout says, and the error then names it.
 */
export async function lockTables(
  session: SqlSession,
  tables: readonly { schema: string; name: string }[],
): Promise<void> {
  for (let start = 0; start < tables.length; start += TABLES_PER_STATEMENT) {
    const names = tables.slice(start, start + TABLES_PER_STATEMENT).map(qualifiedName);
    await session.execute(`LOCK TABLE ONLY ${names.join(', ONLY ')} IN ACCESS SHARE MODE`);
  }
}
