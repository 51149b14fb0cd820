import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError } from '../errors';
import { dataDirectory, serverEnvironment } from './initialise-cluster';
import type { OperatingSystemUser } from './operating-system-user';

/** Starts and stops the `postgres` process of a throw-away server. */

export interface ServerLaunch {
  readonly postgres: string;
  readonly directory: string;
  readonly user: OperatingSystemUser | undefined;
  readonly settings: Readonly<Record<string, string>>;
  /** @default a free one */
  readonly port?: number;
}

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  /** Settles when the process is gone; at once when it already is. */
  shutDown(mode: ShutdownMode): Promise<void>;
}

/** As `pg_ctl stop --mode`: wait for clients, disconnect them, or crash. */
export type ShutdownMode = 'smart' | 'fast' | 'immediate';

const SHUTDOWN_SIGNALS = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const;
const PORT_ATTEMPTS = 5;
const START_TIMEOUT_MS = 60_000;
const START_POLL_MS = 20;
const SHUTDOWN_TIMEOUT_MS = 20_000;

export async function launchServer(launch: ServerLaunch): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    const port = launch.port ?? (await freePort());
    const result = await launchOn(port, launch);
    if (!('failure' in result)) return result;
    // Between finding a free port and listening on it somebody else may have taken it.
    if (attempt < PORT_ATTEMPTS && /could not bind|Address already in use/.test(result.failure)) continue;
    throw new BackupError('tool-failed', 'the throw-away PostgreSQL server did not start', {
      detail: result.failure,
      hint: `Its log is above; its programs are beside ${launch.postgres}.`,
    });
  }
}

async function launchOn(port: number, launch: ServerLaunch): Promise<RunningServer | { failure: string }> {
  const logFile = path.join(launch.directory, 'server.log');
  const log = await open(logFile, 'a', 0o600);
  const logStart = (await log.stat()).size;
  const child = spawn(launch.postgres, serverArguments(port, launch), {
    ...launch.user,
    cwd: launch.directory,
    env: serverEnvironment(launch.directory),
    stdio: ['ignore', log.fd, log.fd],
    // Not in our process group: Ctrl-C is for us, and we then stop the server in order.
    detached: true,
  });
  let ended: string | undefined;
  const exit = new Promise<void>((resolve) => {
    const onEnd = (how: string): void => {
      ended = how;
      resolve();
    };
    child.once('error', (error) => onEnd(error.message));
    child.once('exit', (code, signal) => onEnd(`postgres ended with ${signal ?? `exit code ${code}`}`));
  });
  await log.close();
  child.unref();

  const shutDown = async (mode: ShutdownMode): Promise<void> => {
    if (ended === undefined) child.kill(SHUTDOWN_SIGNALS[mode]);
    const killer = setTimeout(() => child.kill('SIGKILL'), SHUTDOWN_TIMEOUT_MS);
    await exit;
    clearTimeout(killer);
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (ended === undefined && Date.now() < deadline) {
    if (child.pid !== undefined && (await isReady(launch.directory, child.pid)))
      return { pid: child.pid, port, shutDown };
    await sleep(START_POLL_MS);
  }
  if (ended === undefined) await shutDown('immediate');
  const said = (await readFile(logFile)).subarray(logStart).toString('utf8').slice(-4_000);
  return { failure: `${ended ?? 'no answer in time'}\n${said}`.trim() };
}

function serverArguments(port: number, launch: ServerLaunch): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: launch.directory,
    // What it holds is made anew when the machine goes down. A crash of the server alone loses nothing committed.
    fsync: 'off',
    full_page_writes: 'off',
    shared_buffers: '64MB',
    ...launch.settings,
  };
  return [
    '-D',
    dataDirectory(launch.directory),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** The server writes its state into the eighth line of `postmaster.pid`, which is also what `pg_ctl` waits for. */
async function isReady(directory: string, pid: number): Promise<boolean> {
  try {
    const lines = (await readFile(path.join(dataDirectory(directory), 'postmaster.pid'), 'utf8')).split('\n');
    return lines[0] === String(pid) && /^(?:ready|standby)\s*$/.test(lines[7] ?? '');
  } catch {
    return false; // Not written yet.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
