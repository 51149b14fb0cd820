import { SqlError } from './server-error';
import type { SqlSession } from './session';

/**
 * Runs something that may fail without losing the transaction around it, and with it the snapshot. Outside of a transaction there
 * is nothing to lose.
 */
export async function withSavepoint<Result>(session: SqlSession, work: () => Promise<Result>): Promise<Result> {
  if (!(await begin(session))) return work();
  try {
    return await work();
  } catch (error) {
    if (error instanceof SqlError) await session.execute('ROLLBACK TO SAVEPOINT postgres_backup');
    throw error;
  } finally {
    await session.execute('RELEASE SAVEPOINT postgres_backup').catch(ignoreLostSession);
  }
}

async function begin(session: SqlSession): Promise<boolean> {
  try {
    await session.execute('SAVEPOINT postgres_backup');
    return true;
  } catch (error) {
    if (error instanceof SqlError && error.sqlState === NO_ACTIVE_TRANSACTION) return false;
    throw error;
  }
}

const NO_ACTIVE_TRANSACTION = '25P01';

/** The work's own error says better what happened. */
function ignoreLostSession(): void {
  return;
}
