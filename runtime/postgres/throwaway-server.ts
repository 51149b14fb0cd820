import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeConnection, type Connection, type ConnectionSource } from './connection';
import { initialiseCluster, type Authentication } from './initialise-cluster';
import { serverUser } from './operating-system-user';
import { launchServer, type RunningServer, type ShutdownMode } from './server-process';
import { findServerTools } from './server-tools';
import { startWatchdog } from './watchdog';

/**
 * A real PostgreSQL server in a temporary directory: for drills, tests and the demonstration. It listens on 127.0.0.1 only,
 * or on no network at all, does not sync to disk, and is gone with its files when the process that started it is gone, however that ends.
 */
export interface ThrowawayServer {
  readonly version: string;
  readonly major: number;
  readonly port: number;
  /** Changes with a restart. */
  readonly pid: number;
  readonly superuser: string;
  /** Holds `data`, the socket and `server.log`. */
  readonly directory: string;
  readonly source: ConnectionSource;
  connection(database?: string): Connection;
  /** Stops it and starts it on the same port. `immediate` is a crash: the server recovers. */
  restart(mode?: ShutdownMode): Promise<void>;
  /** Stops it and removes its files. Safe to call twice. */
  stop(): Promise<void>;
}

export interface ThrowawayServerOptions {
  /** @default the newest there is */
  major?: number;
  /** Where its own directory is made. @default the system's directory for temporary files */
  parentDirectory?: string;
  /** `socket`: in its own directory, for the user who starts it; nothing of a network. @default loopback */
  listen?: 'loopback' | 'socket';
  /** `postgresql.conf` settings, over those chosen for speed. */
  settings?: Readonly<Record<string, string>>;
  /** @default postgres */
  superuser?: string;
  /** @default scram-sha-256 */
  authentication?: Authentication;
  /** @default random */
  password?: string;
  env?: NodeJS.ProcessEnv;
}

/** @throws BackupError `tool-missing` without server programs; `tool-failed` with the server's own words when it does not start. */
export async function startThrowawayServer(options: ThrowawayServerOptions = {}): Promise<ThrowawayServer> {
  const tools = await findServerTools(options.major, options.env);
  const user = await serverUser();
  const superuser = options.superuser ?? 'postgres';
  const password = options.password ?? randomBytes(18).toString('base64url');
  const directory = await mkdtemp(path.join(options.parentDirectory ?? tmpdir(), 'postgres-backup-'));
  if (user) await chown(directory, user.uid, user.gid);
  const watchdog = startWatchdog(directory, user);
  const authentication = options.authentication ?? 'scram-sha-256';
  const onSocket = options.listen === 'socket';
  const settings = { ...(onSocket && SOCKET_ONLY), ...options.settings };
  const launch = { postgres: tools.postgres, directory, user, settings };

  let running: RunningServer;
  try {
    await initialiseCluster({ initdb: tools.initdb, directory, user, superuser, password, authentication });
    running = await launchServer(launch);
  } catch (error) {
    await watchdog.finish();
    throw error;
  }

  const variables = (): Record<string, string> => ({
    PGHOST: onSocket ? directory : '127.0.0.1',
    PGPORT: String(running.port),
    PGUSER: superuser,
    PGPASSWORD: password,
    PGSSLMODE: 'disable',
  });
  const connection = (database = 'postgres'): Connection => makeConnection(variables(), database);
  return {
    version: tools.version,
    major: tools.major,
    superuser,
    directory,
    get port() {
      return running.port;
    },
    get pid() {
      return running.pid;
    },
    source: { description: connection().description, open: async (database) => connection(database) },
    connection,
    restart: async (mode = 'fast') => {
      await running.shutDown(mode);
      running = await launchServer({ ...launch, port: running.port });
    },
    stop: async () => {
      await running.shutDown('immediate');
      await watchdog.finish();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const SOCKET_ONLY = { listen_addresses: '', unix_socket_permissions: '0700' } as const;
