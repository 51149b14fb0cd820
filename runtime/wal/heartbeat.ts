/** Lets an idle server write a little log, so that how much would be lost can be measured, and recovery sees time pass. */
import { WAL_HEARTBEAT_SQL } from '../../model';
import type { RunContext } from '../context';
import { BackupError } from '../errors';
import { openSession } from '../postgres/session';
import { findPsql } from '../postgres/tools';

export interface Heartbeat {
  /** Where the log stood after it. */
  readonly lsn: string;
  /** By the server's clock. */
  readonly at: string;
  /** What keeps it from being archived by itself. */
  readonly warnings: readonly string[];
}

interface Settings {
  readonly standby: boolean;
  readonly archiveMode: string;
  readonly archiveTimeoutSeconds: number;
}

/** @throws `configuration-invalid` on a standby, which writes no log of its own. */
export async function beat({ server, signal }: Pick<RunContext, 'server' | 'signal'>): Promise<Heartbeat> {
  const session = await openSession(await server.open(), await findPsql(), { signal });
  try {
    const [settings] = await session.query<Settings>(`
      SELECT pg_is_in_recovery() AS standby, current_setting('archive_mode') AS "archiveMode",
             (SELECT setting::int FROM pg_settings WHERE name = 'archive_timeout') AS "archiveTimeoutSeconds"`);
    if (settings.standby) {
      throw new BackupError('configuration-invalid', 'the server is a standby, which writes no log', {
        hint: 'Connect to the primary.',
      });
    }
    await session.query(WAL_HEARTBEAT_SQL);
    // After the commit: everything before this position is in the log.
    const [written] = await session.query<{ lsn: string; at: string }>(
      `SELECT pg_current_wal_insert_lsn()::text AS lsn, to_char(clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at`,
    );
    return { ...written, warnings: warningsOf(settings) };
  } finally {
    await session.close();
  }
}

/** With a receiver, archive_mode may be off. */
function warningsOf({ archiveMode, archiveTimeoutSeconds }: Settings): string[] {
  if (archiveMode === 'off' || archiveTimeoutSeconds > 0) return [];
  return ['archive_timeout is 0: nothing ends a segment that is not full, and what was written is not archived'];
}
