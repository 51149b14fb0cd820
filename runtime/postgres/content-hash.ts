import { CONTENT_HASH_SETTINGS, contentHashSql } from '../../model';
import { BackupError } from '../errors';
import { withSavepoint } from './savepoint';
import { SqlError } from './server-error';
import type { SqlSession } from './session';
import { qualifiedName } from './sql-quoting';

export interface HashedTable {
  readonly rows: number;
  /** A sum of hashes, in decimal; see `model/content-hash.ts`. */
  readonly hash: string;
}

/** The digest of each table's rows, as the session's transaction sees them, in the order given. `fingerprint-failed` names the table. */
export async function hashTables(
  session: SqlSession,
  tables: readonly { readonly schema: string; readonly name: string }[],
  signal: AbortSignal,
): Promise<HashedTable[]> {
  if (tables.length > 0) for (const setting of CONTENT_HASH_SETTINGS) await session.execute(setting);
  const hashes: HashedTable[] = [];
  for (const table of tables) {
    signal.throwIfAborted();
    hashes.push(await hashTable(session, qualifiedName(table)));
  }
  return hashes;
}

async function hashTable(session: SqlSession, relation: string): Promise<HashedTable> {
  try {
    const [found] = await withSavepoint(session, () =>
      session.query<{ rows: string; hash: string }>(contentHashSql(relation)),
    );
    return { rows: Number(found.rows), hash: found.hash };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw new BackupError('fingerprint-failed', `the content of ${relation} could not be hashed: ${error.message}`, {
      detail: error.detail,
      hint: error.hint,
      cause: error,
    });
  }
}
