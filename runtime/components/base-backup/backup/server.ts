import type { RunContext } from '../../../context';
import { BackupError } from '../../../errors';
import { outdatedClient } from '../../../postgres/outdated-client';
import { readServerFacts, type ServerFacts } from '../../../postgres/server-facts';
import { SqlError } from '../../../postgres/server-error';
import { openSession, type SqlSession } from '../../../postgres/session';
import { findPsql } from '../../../postgres/tools';
import type { BaseBackupRequest } from '../types';
import { findBaseBackup, type BaseBackupTool } from './find-base-backup';

/** What must be known of a server before its files are asked for. */
export interface BackedUpServer {
  readonly facts: ServerFacts;
  readonly database: string;
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly segmentBytes: number;
  /** Whether it keeps account of what changes, as an incremental base backup needs it. */
  readonly summarizesWal: boolean;
  /** Besides the two within the data directory. */
  readonly tablespaces: readonly { readonly oid: number; readonly location: string }[];
  readonly tool: BaseBackupTool;
  readonly warnings: readonly string[];
}

export async function describeServer(
  request: Pick<BaseBackupRequest, 'server'>,
  context: Pick<RunContext, 'server' | 'signal'>,
): Promise<BackedUpServer> {
  return withSession(context, async (session, database) => {
    const facts = await readServerFacts(session);
    refuseOther(request, facts);
    const tool = await findBaseBackup(facts.major);
    const outdated = outdatedClient(tool.version);
    const [row] = await session.query<
      Pick<BackedUpServer, 'systemIdentifier' | 'timeline' | 'segmentBytes' | 'summarizesWal'>
    >(`
      SELECT system_identifier::text AS "systemIdentifier", timeline_id AS timeline,
             (SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size') AS "segmentBytes",
             coalesce(current_setting('summarize_wal', true) = 'on', false) AS "summarizesWal"
        FROM pg_control_system(), pg_control_checkpoint()`);
    const tablespaces = await session.query<{ oid: number; location: string }>(`
      SELECT oid::bigint AS oid, pg_tablespace_location(oid) AS location
        FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY oid`);
    return { facts, database, ...row, tablespaces, tool, warnings: outdated === undefined ? [] : [outdated] };
  });
}

/** The server's own clock. Rounded up: no commit of before is later than this. */
export async function readClock(context: Pick<RunContext, 'server' | 'signal'>): Promise<Date> {
  return withSession(context, async (session) => {
    const [{ now }] = await session.query<{ now: string }>('SELECT clock_timestamp() AS now');
    return new Date(Date.parse(now) + 1);
  });
}

/** Of all tablespaces. */
export async function readSizeBytes(context: Pick<RunContext, 'server' | 'signal'>): Promise<number> {
  return withSession(context, async (session) => {
    try {
      const [{ size }] = await session.query<{ size: number }>(
        'SELECT sum(pg_tablespace_size(oid))::bigint AS size FROM pg_tablespace',
      );
      return size;
    } catch (error) {
      if (!(error instanceof SqlError) || error.sqlState !== '42501') throw error;
      throw new BackupError(error.code, 'the role may not know how large the server’s files are', {
        detail: error.message,
        hint: 'With tablespaces they lie on a disk on the way: GRANT pg_read_all_stats TO the role.',
        cause: error,
      });
    }
  });
}

async function withSession<T>(
  { server, signal }: Pick<RunContext, 'server' | 'signal'>,
  work: (session: SqlSession, database: string) => Promise<T>,
): Promise<T> {
  const connection = await server.open();
  const session = await openSession(connection, await findPsql(), { signal });
  return work(session, connection.database).finally(() => session.close());
}

function refuseOther({ server }: Pick<BaseBackupRequest, 'server'>, { standby }: ServerFacts): void {
  if (standby === (server === 'standby')) return;
  throw new BackupError('configuration-invalid', `the server is ${standby ? 'a standby' : 'no standby'}`, {
    hint: standby
      ? 'Give --from-standby: the end of such a backup is archived when the primary ends its segment.'
      : 'Leave --from-standby out, or connect to the standby.',
  });
}
