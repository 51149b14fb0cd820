/**
 * The server that recovers: private, on a socket that only its own user reaches, so that nobody works on it before it is known
 * where it stands. It archives nothing.
 */
import { spawn } from 'node:child_process';
import { chown, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError } from '../errors';
import { makeConnection, type Connection } from '../postgres/connection';
import type { RecoveryTools } from './recovery-tools';
import { runTool } from './run-tool';
import type { Settings } from './settings';

/** A directory for the server's socket, log and segments that are fetched ahead; gone with {@link RunDirectory.remove}. */
export class RunDirectory {
  private constructor(readonly path: string) {}

  static async make({ user }: Pick<RecoveryTools, 'user'>, parent: string = tmpdir()): Promise<RunDirectory> {
    // Short: the path of a socket has 107 bytes at most.
    const made = new RunDirectory(await mkdtemp(path.join(parent, 'pgb-recovery-')));
    await mkdir(made.spool, { mode: 0o700 });
    await writeFile(made.configuration, '', { mode: 0o600 });
    await writeFile(made.hba, 'local all all trust\n', { mode: 0o600 });
    await writeFile(made.log, '', { mode: 0o600 });
    const files = user ? [made.spool, made.configuration, made.hba, made.log, made.path] : [];
    for (const file of files) await chown(file, user?.uid ?? 0, user?.gid ?? 0);
    return made;
  }

  get spool(): string {
    return path.join(this.path, 'spool');
  }

  /** A file of settings that holds none. */
  get configuration(): string {
    return path.join(this.path, 'postgresql.conf');
  }

  get hba(): string {
    return path.join(this.path, 'pg_hba.conf');
  }

  get log(): string {
    return path.join(this.path, 'server.log');
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}

const POLL_MS = 200;
/** The last checkpoint writes all that the server holds in memory. */
const STOP_TIMEOUT_MS = 3_600_000;
const END_TIMEOUT_MS = 120_000;
const LAST_WORDS_CHARACTERS = 6_000;
const PORT = '5432';

export interface RecoveryLaunch {
  readonly tools: RecoveryTools;
  readonly dataDirectory: string;
  readonly run: RunDirectory;
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export class RecoveryServer {
  private ended: string | undefined;

  private constructor(
    private readonly launch: RecoveryLaunch,
    private readonly kill: (signal: NodeJS.Signals) => void,
    private readonly exit: Promise<void>,
  ) {}

  static async start(launch: RecoveryLaunch): Promise<RecoveryServer> {
    const { tools, dataDirectory, run, settings, environment } = launch;
    const log = await open(run.log, 'a');
    const all = { ...privateSettings(run), ...settings };
    const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(tools.postgres, ['-D', dataDirectory, ...args], {
      ...tools.user,
      cwd: dataDirectory,
      env: { PATH: process.env.PATH ?? '', HOME: run.path, LC_ALL: 'C', TZ: 'UTC', ...environment },
      stdio: ['ignore', log.fd, log.fd],
      // Ctrl-C is for us; the server is then stopped in order.
      detached: true,
    });
    let tell: (how: string) => void = () => undefined;
    const exit = new Promise<void>((resolve) => {
      tell = (how) => {
        server.ended = how;
        resolve();
      };
    });
    const server = new RecoveryServer(launch, (signal) => child.kill(signal), exit);
    child.once('error', (error) => tell(error.message));
    child.once('exit', (code, signal) => tell(signal === null ? `exit code ${code}` : signal));
    await log.close();
    return server;
  }

  connection(role: string, database: string): Connection {
    const { run } = this.launch;
    return makeConnection({ PGHOST: run.path, PGPORT: PORT, PGUSER: role, PGSSLMODE: 'disable' }, database);
  }

  /**
   * Waits until the server says that it stands at its target. What it says before (that it accepts connections) means nothing.
   *
   * @throws BackupError `restore-failed` with its own words when it ends instead.
   */
  async untilPaused(onLine: (line: string) => void): Promise<void> {
    let told = '';
    for (;;) {
      this.launch.signal.throwIfAborted();
      const hasEnded = this.ended !== undefined;
      const log = await readFile(this.launch.run.log, 'utf8');
      if (/^LOG: {2}pausing at the end of recovery/m.test(log)) return;
      const last =
        /restored log file "([^"]+)"(?![^]*restored log file)/.exec(log.slice(-LAST_WORDS_CHARACTERS))?.[1] ?? '';
      if (last !== told) onLine((told = last));
      if (hasEnded) throw this.failed(log);
      await sleep(POLL_MS, undefined, { signal: this.launch.signal });
    }
  }

  /** Makes it a primary; returns when it is one. */
  async promote(isInRecovery: () => Promise<boolean>): Promise<void> {
    const { tools, dataDirectory, signal } = this.launch;
    await runTool({
      file: tools.pgCtl,
      args: ['promote', '--no-wait', '--pgdata', dataDirectory],
      user: tools.user,
      signal,
      failure: (said) => new BackupError('restore-failed', 'the server could not be promoted', { detail: said }),
    });
    while (await isInRecovery()) {
      if (this.ended !== undefined) throw this.failed(await readFile(this.launch.run.log, 'utf8'));
      await sleep(POLL_MS, undefined, { signal });
    }
  }

  /** In good order: what it holds is then on the disk. Ended at once when nobody waits for it any more. */
  async stop(): Promise<void> {
    const { signal, run } = this.launch;
    signal.throwIfAborted();
    if (this.ended === undefined) this.kill('SIGINT');
    const giveUp = () => void this.end();
    const timer = setTimeout(giveUp, STOP_TIMEOUT_MS);
    signal.addEventListener('abort', giveUp, { once: true });
    await this.exit;
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
    if (this.ended === 'exit code 0') return;
    throw this.failed(await readFile(run.log, 'utf8'));
  }

  /** Whatever state it is in. Safe to call at any time. */
  async end(): Promise<void> {
    if (this.ended === undefined) this.kill('SIGQUIT');
    const killer = setTimeout(() => this.kill('SIGKILL'), END_TIMEOUT_MS);
    await this.exit;
    clearTimeout(killer);
  }

  private failed(log: string): BackupError {
    const isShort = /recovery ended before configured recovery target was reached/.test(log);
    return new BackupError('restore-failed', `recovery failed: the server ended with ${this.ended}`, {
      detail: log.slice(-LAST_WORDS_CHARACTERS).trim(),
      hint: isShort
        ? 'The archive ends before the moment. --to-latest restores as far as it goes; a server that commits nothing needs a heartbeat to show that time passed.'
        : 'The server was never a primary. `postgres-backup wal-check` tells what the archive lacks.',
    });
  }
}

function privateSettings(run: RunDirectory): Settings {
  return {
    listen_addresses: '',
    port: PORT,
    unix_socket_directories: run.path,
    unix_socket_permissions: '0700',
    hba_file: run.hba,
    ssl: 'off',
    archive_mode: 'off',
    hot_standby: 'on',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_line_prefix: '',
    log_min_messages: 'warning',
    lc_messages: 'C',
  };
}
