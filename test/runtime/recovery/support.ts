/** A primary with a ledger that tells when each of its rows was committed, and servers restored to moments between them. */
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseLsn } from '../../../model';
import { serverUser } from '../../../runtime/postgres/operating-system-user';
import { launchServer, type RunningServer } from '../../../runtime/postgres/server-process';
import { findServerTools } from '../../../runtime/postgres/server-tools';
import { restoreToMoment } from '../../../runtime/recovery/restore-to-moment';
import type { MomentReport, MomentRequest } from '../../../runtime/recovery/types';
import { SOURCE } from '../../support/lab';
import { runProgram, runScript } from '../../support/run-script';
import { ArchivingLab } from '../wal/support/archiving-lab';

const PROGRAM = path.join(__dirname, '../../../assets/cli/postgres-backup.js');

/** After a commit, and before the next. */
export interface Mark {
  /** Of the newest row. */
  readonly id: number;
  readonly lsn: bigint;
  readonly at: Date;
}

export class MomentLab {
  private readonly started: RunningServer[] = [];

  private constructor(readonly primary: ArchivingLab) {}

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<MomentLab> {
    const primary = await ArchivingLab.start(settings);
    await primary.sql('CREATE TABLE ledger (id bigint PRIMARY KEY, note text)');
    return new MomentLab(primary);
  }

  async stop(): Promise<void> {
    await this.closeAll();
    await this.primary.stop();
  }

  /** Ends the servers that were opened. */
  async closeAll(): Promise<void> {
    for (const server of this.started.splice(0)) await server.shutDown('immediate');
  }

  /**
   * Commits rows one by one; between two of them it is asked what time it is and where the log stands. The times are apart by
   * more than a clock that is told in milliseconds can blur.
   */
  async commit(first: number, count: number, sql = (script: string) => this.primary.sql(script)): Promise<Mark[]> {
    const one = (id: number) =>
      `INSERT INTO ledger VALUES (${id}, repeat(md5('${id}'), 200)); SELECT pg_sleep(0.005);
       SELECT ${id}, pg_current_wal_insert_lsn(), extract(epoch FROM clock_timestamp()) * 1000; SELECT pg_sleep(0.005);`;
    const said = await sql(Array.from({ length: count }, (_, index) => one(first + index)).join('\n'));
    return said
      .split('\n')
      .filter((line) => line.includes('/'))
      .map((line) => {
        const [id, lsn, at] = line.split('|');
        return { id: Number(id), lsn: parseLsn(lsn) as bigint, at: new Date(Math.floor(Number(at))) };
      });
  }

  async directory(): Promise<string> {
    const parent = await mkdtemp(path.join(this.primary.directory, 'moment-'));
    await chmod(parent, 0o755);
    const user = await serverUser();
    if (user) await chown(parent, user.uid, user.gid);
    return path.join(parent, 'data');
  }

  async restore(request: Partial<MomentRequest> & Pick<MomentRequest, 'target'>): Promise<MomentReport> {
    const { lab } = this.primary;
    return restoreToMoment(
      {
        source: SOURCE,
        dataDirectory: request.dataDirectory ?? (await this.directory()),
        tablespaces: new Map(),
        end: 'promote',
        program: [process.execPath, PROGRAM],
        environment: { ...lab.s3.environment, AWS_MAX_ATTEMPTS: '2' },
        gapPatienceSeconds: 0,
        ...request,
      },
      lab.context({}),
    );
  }

  /** Starts a restored data directory, as whoever runs servers would; gives a way to ask it. */
  async open(dataDirectory: string, settings: Readonly<Record<string, string>> = {}) {
    const { lab } = this.primary;
    const { postgres } = await findServerTools(lab.server.major);
    const directory = path.dirname(dataDirectory);
    const user = await serverUser();
    const server = await launchServer({ postgres, directory, user, settings });
    this.started.push(server);
    const connection = { ...lab.connection(), env: { ...lab.connection().env, PGPORT: String(server.port) } };
    return (script: string): Promise<string> => runScript(lab.tools.psql, connection, script);
  }

  /** The ids in the ledger of a restored server. */
  async ids(dataDirectory: string): Promise<number[]> {
    const sql = await this.open(dataDirectory);
    const said = await sql('SELECT id FROM ledger ORDER BY id');
    return said === '' ? [] : said.split('\n').map(Number);
  }

  /** Many small transactions of others, while `work` goes on. */
  async withPgbench<T>(work: () => Promise<T>): Promise<T> {
    const { lab } = this.primary;
    const { env } = lab.connection();
    const pgbench = path.join(path.dirname(lab.tools.psql), 'pgbench');
    const environment = { PATH: process.env.PATH ?? '', ...env };
    const initialised = await runProgram(pgbench, ['-i', '-q', '-s', '1'], environment);
    if (initialised.code !== 0) throw new Error(initialised.stderr);
    let isDone = false;
    const noise = (async () => {
      while (!isDone) {
        const ended = await runProgram(pgbench, ['-n', '-c', '3', '-t', '40'], environment);
        if (ended.code !== 0) throw new Error(ended.stderr);
      }
    })();
    try {
      return await work();
    } finally {
      isDone = true;
      await noise;
    }
  }
}

/** Of one bank, whatever the moment: what the tellers, the branches and the accounts hold is what the history says. */
export const BALANCED = `SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT coalesce(sum(delta), 0) FROM pgbench_history)
  AND (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT coalesce(sum(delta), 0) FROM pgbench_history)
  AND (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT coalesce(sum(delta), 0) FROM pgbench_history)`;

export async function removeDirectory(dataDirectory: string): Promise<void> {
  await rm(path.dirname(dataDirectory), { recursive: true, force: true });
}
