import { setTimeout as sleep } from 'node:timers/promises';
import type { PreflightFinding } from '../../components/dump/types';
import { BackupError } from '../../errors';
import { NOT_OF_AN_EXTENSION, USER_SCHEMA } from '../catalog-tables';
import type { SqlSession } from '../session';
import { failed, passed, someOf } from './finding';

/**
 * Whether a table is locked so that a dump would wait. Waits itself as long as the dump would: most such locks are over in a
 * moment, and pg_dump's own message at the end of its patience lists all tables rather than the locked one.
 */
export async function checkLocks(
  session: SqlSession,
  lockTimeoutSeconds: number,
  signal?: AbortSignal,
): Promise<PreflightFinding> {
  const check = 'locked tables';
  const polls = Math.ceil((lockTimeoutSeconds * 1000) / POLL_MS);
  let locks = await session.query<Lock>(LOCKS);
  for (let poll = 0; poll < polls && locks.length > 0; poll++) {
    await sleep(POLL_MS, undefined, { signal });
    locks = await session.query<Lock>(LOCKS);
  }
  if (locks.length === 0) return passed(check, 'none');
  return failed(
    check,
    new BackupError('table-locked', `a table is locked since more than ${lockTimeoutSeconds} s`, {
      detail: someOf(locks.map(describe)),
      hint: `End the session that holds the lock (SELECT pg_terminate_backend(${locks[0].pid ?? '…'})), or allow a longer lock timeout.`,
    }),
  );
}

interface Lock {
  readonly name: string;
  /** Absent for a prepared transaction, which has no process. */
  readonly pid: number | null;
  readonly role: string | null;
  readonly application: string | null;
}

const POLL_MS = 500;

// What waits for such a lock also makes everybody behind it wait, so it counts too.
const LOCKS = `
  SELECT DISTINCT format('%I.%I', n.nspname, c.relname) AS name, l.pid, a.usename AS role, a.application_name AS application
    FROM pg_locks AS l
    JOIN pg_class AS c ON c.oid = l.relation
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
   WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND ${USER_SCHEMA} AND ${NOT_OF_AN_EXTENSION}
   ORDER BY 1, 2`;

function describe(lock: Lock): string {
  if (lock.pid === null) return `${lock.name} by a prepared transaction`;
  const who = [lock.role && `role ${lock.role}`, lock.application].filter(Boolean).join(', ');
  return `${lock.name} by process ${lock.pid}${who ? ` (${who})` : ''}`;
}
