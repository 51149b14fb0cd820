import { randomBytes } from 'node:crypto';
import { makeConnection, type ConnectionSource } from '../postgres/connection';
import { openSession, type SqlSession } from '../postgres/session';
import { startThrowawayServer, type ThrowawayServer } from '../postgres/throwaway-server';
import { findTools, type PostgresTools } from '../postgres/tools';

/**
 * The server of a drill: of the source's own major version, on a socket in its own directory and on no network. Whatever comes
 * out of a backup is met by ordinary roles alone; the superuser, whose name nobody can know beforehand, prepares and is not
 * seen again once the first statement of a dump was run.
 */
export interface DrillServer {
  readonly server: ThrowawayServer;
  readonly tools: PostgresTools;
  /** Restores, owns, and compares. */
  readonly restorer: ConnectionSource;
  /** Asks what the user's checks say: may read everything and change nothing. */
  readonly checker: ConnectionSource;
  openAsSuperuser(database: string, signal: AbortSignal): Promise<SqlSession>;
  stop(): Promise<void>;
}

export const RESTORER = 'postgres_backup_drill';
export const CHECKER = 'postgres_backup_check';

export async function startDrillServer(major: number, directory: string): Promise<DrillServer> {
  const tools = await findTools(major);
  const server = await startThrowawayServer({
    major,
    parentDirectory: directory,
    listen: 'socket',
    superuser: `postgres_backup_${randomBytes(8).toString('hex')}`,
    settings: SETTINGS,
  });
  const as = (user: string, password: string): ConnectionSource => ({
    description: `${user}@drill`,
    open: async (database = 'postgres') =>
      makeConnection({ ...server.connection().env, PGUSER: user, PGPASSWORD: password }, database),
  });
  const openAsSuperuser = async (database: string, signal: AbortSignal): Promise<SqlSession> =>
    openSession(server.connection(database), tools, { signal });
  try {
    const [restorerPassword, checkerPassword] = [newPassword(), newPassword()];
    const session = await openAsSuperuser('postgres', new AbortController().signal);
    try {
      // Row-level security would hide rows from them; they are given no other power.
      await session.execute(`CREATE ROLE ${RESTORER} LOGIN INHERIT BYPASSRLS PASSWORD '${restorerPassword}'`);
      await session.execute(`CREATE ROLE ${CHECKER} LOGIN INHERIT BYPASSRLS PASSWORD '${checkerPassword}'`);
      await session.execute(`GRANT pg_read_all_data TO ${RESTORER}, ${CHECKER}`);
    } finally {
      await session.close();
    }
    const roles = { restorer: as(RESTORER, restorerPassword), checker: as(CHECKER, checkerPassword) };
    return { server, tools, ...roles, openAsSuperuser, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function newPassword(): string {
  return randomBytes(24).toString('base64url');
}

const SETTINGS: Readonly<Record<string, string>> = {
  // Nothing is replicated or archived: less log, less disk.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '1GB',
  autovacuum: 'off',
  shared_buffers: '128MB',
  maintenance_work_mem: '128MB',
  max_connections: '50',
  // A container's shared memory is small.
  max_parallel_maintenance_workers: '0',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
};
