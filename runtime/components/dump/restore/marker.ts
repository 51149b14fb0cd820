import { pointId } from '../../../../model';
import type { RecoveryPoint } from '../../../catalog/recovery-point';
import type { BackupError } from '../../../errors';
import { SqlError } from '../../../postgres/server-error';
import { quoteIdentifier, quoteLiteral } from '../../../postgres/sql-quoting';
import type { SqlSession } from '../../../postgres/session';

/**
 * The sign in the target that a restore is not finished. It is set before the first object and taken away after the last
 * comparison: a database that a restore left half-way, for whatever reason, power failure included, says so itself.
 */
export const MARKER_SCHEMA = 'postgres_backup_restore_incomplete';
const SCHEMA = quoteIdentifier(MARKER_SCHEMA);

export async function setMarker(session: SqlSession, point: RecoveryPoint, now: Date): Promise<void> {
  const what = `recovery point ${pointId(point.address)} of ${point.address.source}`;
  await session.execute(`CREATE SCHEMA ${SCHEMA}`);
  await session.execute(
    `COMMENT ON SCHEMA ${SCHEMA} IS ${quoteLiteral(`The restore of ${what} into this database is not finished: do not use it.`)}`,
  );
  await session.execute(
    `CREATE TABLE ${SCHEMA}.restore (point text NOT NULL, source text NOT NULL, started_at timestamptz NOT NULL, failure text)`,
  );
  await session.execute(
    `INSERT INTO ${SCHEMA}.restore (point, source, started_at) VALUES (${[
      quoteLiteral(pointId(point.address)),
      quoteLiteral(point.address.source),
      quoteLiteral(now.toISOString()),
    ].join(', ')})`,
  );
}

/** Adds why it failed. */
export async function recordFailure(session: SqlSession, error: BackupError): Promise<void> {
  const words = [error.message, error.detail].filter(Boolean).join('\n').replaceAll('\0', '');
  await session.execute(`UPDATE ${SCHEMA}.restore SET failure = ${quoteLiteral(words)}`);
}

export async function removeMarker(session: SqlSession): Promise<void> {
  await silenceEventTriggers(session);
  await session.execute(`DROP TABLE ${SCHEMA}.restore`);
  await session.execute(`DROP SCHEMA ${SCHEMA}`);
}

/** The restored database may watch or forbid what is dropped in it; this is none of its business. */
async function silenceEventTriggers(session: SqlSession): Promise<void> {
  try {
    await session.execute('SET session_replication_role = replica');
  } catch (error) {
    // Only a superuser may, and only a superuser can have made an event trigger.
    if (!(error instanceof SqlError)) throw error;
  }
}
