import { BackupError } from '../../../errors';
import { withSavepoint } from '../../../postgres/savepoint';
import { SqlError } from '../../../postgres/server-error';
import type { SqlSession } from '../../../postgres/session';
import { qualifiedName } from '../../../postgres/sql-quoting';

/** Locks are taken in statements of so many tables. */
const TABLES_PER_STATEMENT = 500;

interface TableName {
  readonly schema: string;
  readonly name: string;
}

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
 * Holds the tables against ALTER and DROP until the dumps have locked them themselves. Waits for a locked one as long as the
 * session's `lock_timeout` says; the error then names it.
 */
export async function lockTables(session: SqlSession, tables: readonly TableName[]): Promise<void> {
  for (let start = 0; start < tables.length; start += TABLES_PER_STATEMENT) {
    await lockBatch(session, tables.slice(start, start + TABLES_PER_STATEMENT));
  }
}

async function lockBatch(session: SqlSession, batch: readonly TableName[]): Promise<void> {
  const names = batch.map(qualifiedName);
  try {
    await withSavepoint(session, () =>
      session.execute(`LOCK TABLE ONLY ${names.join(', ONLY ')} IN ACCESS SHARE MODE`),
    );
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    if (batch.length === 1) throw naming(error, names[0]);
    // The server does not say which of them it waited for: ask one by one.
    for (const table of batch) await lockBatch(session, [table]);
  }
}

function naming(error: SqlError, table: string): BackupError {
  return new BackupError(error.code, `table ${table} cannot be locked for reading: ${error.message}`, {
    detail: error.detail,
    hint:
      error.code === 'table-locked'
        ? 'Somebody holds it exclusively (pg_locks says who); raise --lock-timeout, or back up at another time.'
        : error.hint,
  });
}
