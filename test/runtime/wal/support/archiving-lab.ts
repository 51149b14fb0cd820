/** A primary that archives by our commands into the lab's vault, and servers recovered from what it archived. */
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { formatLsn, parseLsn } from '../../../../model';
import { BackupError } from '../../../../runtime/errors';
import { dataDirectory } from '../../../../runtime/postgres/initialise-cluster';
import { serverUser } from '../../../../runtime/postgres/operating-system-user';
import { launchServer, type RunningServer } from '../../../../runtime/postgres/server-process';
import { findServerTools } from '../../../../runtime/postgres/server-tools';
import { WalArchive } from '../../../../runtime/wal/archive';
import { readSystemIdentifier } from '../../../../runtime/wal/system-identifier';
import { BUCKET, Lab, SOURCE } from '../../../support/lab';
import { processTree, until } from '../../../support/processes';
import { runProgram, runScript } from '../../../support/run-script';

const PROGRAM = path.join(__dirname, '../../../../assets/cli/postgres-backup.js');

export class ArchivingLab {
  private readonly recovered: { server: RunningServer; directory: string }[] = [];

  private constructor(
    readonly lab: Lab,
    /** Readable for the server's user. */
    readonly directory: string,
    readonly systemIdentifier: string,
    readonly archive: WalArchive,
  ) {}

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<ArchivingLab> {
    const directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-archiving-'));
    await chmod(directory, 0o755);
    const user = await serverUser();
    if (user) await chown(directory, user.uid, user.gid);
    const archiving = { archive_mode: 'on', archive_command: `${path.join(directory, 'archive')} %p %f`, ...settings };
    await writeFile(path.join(directory, 'archive'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const lab = await Lab.start({ server: { settings: archiving } });
    const systemIdentifier = await readSystemIdentifier(dataDirectory(lab.server.directory));
    const started = new ArchivingLab(lab, directory, systemIdentifier, new WalArchive(lab.store, SOURCE));
    await started.archiveWith('$PROGRAM archive-push "$1" || exit 1');
    return started;
  }

  async stop(): Promise<void> {
    for (const { server, directory } of this.recovered) {
      await server.shutDown('immediate');
      await rm(directory, { recursive: true, force: true });
    }
    await this.lab.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** What the server runs from now on: `$1` is the path, `$2` the name, `$PROGRAM` the command line. */
  async archiveWith(command: string): Promise<void> {
    const script = `#!/bin/sh\n${this.exports()}\n${command}\n`;
    await writeFile(path.join(this.directory, 'archive'), script, { mode: 0o755 });
  }

  /** The command line as the server's user. */
  async startHelper(socketPath: string): Promise<ChildProcess> {
    const user = await serverUser();
    const args = [
      'archive-helper',
      '--socket',
      socketPath,
      '--data-directory',
      dataDirectory(this.lab.server.directory),
    ];
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      ...user,
      env: this.env(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    await until('the helper answers', () => {
      if (child.exitCode !== null) throw new Error(`the helper ended: ${said}`);
      return said.includes('asked on');
    });
    return child;
  }

  sql(script: string): Promise<string> {
    return this.lab.sql('postgres', script);
  }

  /** Where the log stands. */
  async position(): Promise<bigint> {
    return parseLsn(await this.sql('SELECT pg_current_wal_lsn()')) as bigint;
  }

  /** Ends the segment and waits until all before is archived. */
  async archiveAll(): Promise<void> {
    const upTo = await this.position();
    await this.wakingUntil(`the log up to ${formatLsn(upTo)} is archived`, async () => {
      const [last] = (await this.archive.coveredRanges(this.systemIdentifier, 1)).slice(-1);
      return last !== undefined && last.to >= upTo;
    });
  }

  /** Ends a segment now and then, which wakes the archiver: after three failures it rests for a minute. */
  async wakingUntil(what: string, isSo: () => Promise<boolean>): Promise<void> {
    let looks = 0;
    await until(what, async () => {
      if (looks % LOOKS_FOR_EACH_WAKING === 0) await this.sql(END_SEGMENT);
      looks += 1;
      return isSo();
    });
  }

  /** A base backup, as a directory that can be started. */
  async baseBackup(port?: number): Promise<string> {
    const directory = await mkdtemp(path.join(this.directory, 'base-'));
    const user = await serverUser();
    const { env } = this.lab.connection({ port });
    const bindir = path.dirname(this.lab.tools.psql);
    const args = ['-D', path.join(directory, 'data'), '--wal-method=none', '--checkpoint=fast', '--no-sync'];
    const ended = await runProgram(path.join(bindir, 'pg_basebackup'), args, { PATH: process.env.PATH ?? '', ...env });
    if (ended.code !== 0) throw new Error(ended.stderr);
    if (user) await runProgram('chown', ['-R', `${user.uid}:${user.gid}`, directory], { PATH: process.env.PATH ?? '' });
    return directory;
  }

  /**
   * Starts a copy of a base backup as a recovery from the archive, with a target as always. Resolves when it is a primary; fails
   * with the server's log when recovery fails.
   */
  async recover(base: string, target: bigint, archiveGet = ''): Promise<(script: string) => Promise<string>> {
    const user = await serverUser();
    const directory = await mkdtemp(path.join(this.directory, 'recovered-'));
    await runProgram('cp', ['-a', path.join(base, 'data'), directory], { PATH: process.env.PATH ?? '' });
    await writeFile(path.join(directory, 'data', 'recovery.signal'), '');
    const get = path.join(directory, 'get');
    const command = `$PROGRAM archive-get "$1" "$2" ${archiveGet}`;
    await writeFile(get, `#!/bin/sh\n${this.exports()}\n${command}\ns=$?\n${RESTORE_EXIT}\n`, { mode: 0o755 });
    if (user) await chown(directory, user.uid, user.gid);
    await mkdir(path.join(directory, 'spool'), { mode: 0o700 });
    if (user) await chown(path.join(directory, 'spool'), user.uid, user.gid);
    const { postgres } = await findServerTools(this.lab.server.major);
    const server = await launchServer({
      postgres,
      directory,
      user,
      settings: {
        archive_mode: 'off',
        restore_command: `${get} %f %p`,
        recovery_target_lsn: formatLsn(target),
        recovery_target_action: 'promote',
        recovery_target_timeline: 'latest',
      },
    });
    this.recovered.push({ server, directory });
    const { psql } = this.lab.tools;
    const connection = { ...this.lab.connection(), env: { ...this.lab.connection().env, PGPORT: String(server.port) } };
    const sql = (script: string): Promise<string> => runScript(psql, connection, script);
    await until('recovery has ended', async () => {
      if (await isGone(server.pid)) throw await recoveryFailed(directory);
      // It may be gone in between: the next look tells.
      return (await sql('SELECT pg_is_in_recovery()').catch(() => '')) === 'f';
    });
    return sql;
  }

  private exports(): string {
    const lines = Object.entries(this.env()).map(([name, value]) => `export ${name}='${value}'`);
    return [...lines, `PROGRAM='${process.execPath} ${PROGRAM}'`].join('\n');
  }

  private env(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      HOME: this.directory,
      POSTGRES_BACKUP_VAULT: `s3://${BUCKET}`,
      POSTGRES_BACKUP_SOURCE: SOURCE,
      AWS_MAX_ATTEMPTS: '2',
      ...this.lab.s3.environment,
    };
  }
}

async function isGone(pid: number): Promise<boolean> {
  const [listed] = await processTree(pid);
  return listed === undefined;
}

async function recoveryFailed(directory: string): Promise<BackupError> {
  const log = await readFile(path.join(directory, 'server.log'), 'utf8');
  return new BackupError('restore-failed', 'recovery failed', { detail: log });
}

/** With something in it: an empty one is not ended. */
export const END_SEGMENT = "SELECT pg_logical_emit_message(true, 'test', ''); SELECT pg_switch_wal()";
const LOOKS_FOR_EACH_WAKING = 100;

/** What the guide's restore_command ends with: only what is certain may end recovery. */
const RESTORE_EXIT = 'if [ $s -eq 0 ] || [ $s -eq 66 ]; then exit $s; fi; exit 200';
