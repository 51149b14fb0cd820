/** A server that archives nothing by itself, a receiver of its log as a process of its own, and servers recovered from what it archived. */
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DEFAULT_SEGMENT_BYTES, formatLsn, longestPartials, segmentStart } from '../../../../model';
import { dataDirectory } from '../../../../runtime/postgres/initialise-cluster';
import { serverUser } from '../../../../runtime/postgres/operating-system-user';
import { launchServer, type RunningServer } from '../../../../runtime/postgres/server-process';
import { findServerTools } from '../../../../runtime/postgres/server-tools';
import { auditWal } from '../../../../runtime/wal/audit';
import { receiveWal } from '../../../../runtime/wal/receive/receive-wal';
import { endOf } from '../../../../runtime/wal/receive/received-files';
import type { ReceiveContext, ReceiveLook, ReceiveReport, ReceiveRequest } from '../../../../runtime/wal/receive/types';
import { startCli, type RunningCli } from '../../../support/cli';
import { SOURCE, type Place } from '../../../support/lab';
import { processTree, until } from '../../../support/processes';
import { MomentLab, removeDirectory } from '../../recovery/support';
import type { ArchivingLab } from './archiving-lab';

export const SLOT = 'postgres_backup_orders';

export interface Receiver {
  readonly looks: ReceiveLook[];
  readonly interruptions: string[];
  readonly warnings: string[];
  readonly streams: string[];
  readonly ended: Promise<ReceiveReport>;
  stop(): Promise<ReceiveReport>;
}

export interface Standby {
  readonly port: number;
  readonly sql: (script: string) => Promise<string>;
  readonly promote: () => Promise<void>;
}

export class ReceivingLab {
  private readonly processes: RunningCli[] = [];
  private readonly receivers: Receiver[] = [];
  private readonly standbys: RunningServer[] = [];
  /** How long to wait for the receiver: longer where it was given much to catch up with. */
  patienceMs: number | undefined;
  /** Where the last restore came to. */
  reached: string | undefined;

  private constructor(readonly moments: MomentLab) {}

  get primary(): ArchivingLab {
    return this.moments.primary;
  }

  /** With quick settings. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<ReceivingLab> {
    const quiet = { archive_mode: 'off', max_slot_wal_keep_size: '1GB', ...settings };
    return new ReceivingLab(await MomentLab.start(quiet));
  }

  async stop(): Promise<void> {
    for (const { child, ended } of this.processes) {
      child.kill('SIGKILL');
      await ended;
    }
    for (const server of this.standbys) await server.shutDown('immediate');
    await this.moments.stop();
  }

  /** Those in this process; what they end with is not asked here. */
  async stopReceivers(): Promise<void> {
    await Promise.allSettled(this.receivers.splice(0).map((receiver) => receiver.stop()));
  }

  directory(): Promise<string> {
    return mkdtemp(path.join(this.primary.lab.directory, 'received-'));
  }

  /** In this process. */
  async receive(
    request: Partial<ReceiveRequest> = {},
    context: Partial<ReceiveContext> = {},
    place: Place = {},
  ): Promise<Receiver> {
    const { lab } = this.primary;
    const stop = new AbortController();
    const looks: ReceiveLook[] = [];
    const [interruptions, warnings, streams]: string[][] = [[], [], []];
    const ended = receiveWal(
      {
        source: SOURCE,
        directory: request.directory ?? (await this.directory()),
        slotName: SLOT,
        mode: 'asynchronous',
        partialEverySeconds: 0.2,
        mostUnarchivedBytes: 1024 ** 3,
        onGap: 'stop',
        stallSeconds: 20,
        lookEverySeconds: 0.2,
        ...request,
      },
      {
        store: lab.store,
        signal: stop.signal,
        now: () => new Date(),
        server: lab.source(place),
        onStreaming: (from, timeline) => streams.push(`${from} ${timeline}`),
        onInterruption: (error) => interruptions.push([error.code, error.message, error.detail].join(' ')),
        onLook: (look) => looks.push(look),
        warn: (message) => warnings.push(message),
        ...context,
      },
    );
    // Whoever waits for it gets it too.
    ended.catch(() => undefined);
    const receiver: Receiver = {
      looks,
      interruptions,
      warnings,
      streams,
      ended,
      stop: () => {
        stop.abort();
        return ended;
      },
    };
    this.receivers.push(receiver);
    return receiver;
  }

  /** As a process of its own, which can be killed. */
  async startProcess(directory: string, args: readonly string[] = []): Promise<RunningCli> {
    const running = startCli(
      this.primary.lab,
      ['wal-receive', '--directory', directory, '--partial-every', '1', ...args],
      {
        database: 'postgres',
      },
    );
    this.processes.push(running);
    return running;
  }

  /** Its own `pg_receivewal`. */
  async toolOf(pid: number): Promise<number> {
    let found: number | undefined;
    const runs = async () => {
      const tree = await processTree(pid);
      found = tree.find(({ arguments: args }) => /pg_receivewal .*--directory/.test(args))?.pid;
      return found !== undefined;
    };
    await until('pg_receivewal runs', runs, this.patienceMs);
    return found as number;
  }

  /** Everything that the server has is in the archive, in full segments or in the newest part of one. */
  async untilArchived(upTo: bigint, timeline = 1): Promise<void> {
    const isThere = async () => (await this.archivedTo(timeline)) >= upTo;
    await until(`the log up to ${formatLsn(upTo)} is archived`, isThere, this.patienceMs);
  }

  async archivedTo(timeline = 1): Promise<bigint> {
    const { archive, systemIdentifier } = this.primary;
    const [last] = (await archive.coveredRanges(systemIdentifier, timeline)).slice(-1);
    const partials = longestPartials(await archive.partials(systemIdentifier));
    const ends = [...partials.values()]
      .filter((partial) => partial.timeline === timeline)
      // One that is not next to what is whole is no part of the log that can be reached.
      .filter(({ segment }) => last === undefined || segmentStart(segment, DEFAULT_SEGMENT_BYTES) === last.to)
      .map(({ segment, lengthBytes }) => endOf(segment, DEFAULT_SEGMENT_BYTES, lengthBytes));
    return [last?.to ?? 0n, ...ends].reduce((a, b) => (a > b ? a : b));
  }

  /** What of the timeline is there, as the audit sees it. */
  async ranges(timeline = 1): Promise<readonly { from: bigint; to: bigint }[]> {
    const audit = await auditWal(this.primary.lab.store, SOURCE, {
      signal: new AbortController().signal,
      now: () => new Date(),
    });
    const [cluster] = audit.clusters;
    return cluster.timelines.find((one) => one.timeline === timeline)?.ranges ?? [];
  }

  /** A standby that follows the server, or the one on another port; `promote` makes a primary of it. */
  async standby(follows?: number): Promise<Standby> {
    const { lab } = this.primary;
    const directory = await this.primary.baseBackup(follows);
    await writeFile(path.join(directory, 'data', 'standby.signal'), '');
    const { PGUSER, PGPASSWORD, PGPORT } = lab.connection().env;
    const conninfo = `host=127.0.0.1 port=${follows ?? PGPORT} user=${PGUSER} password=${PGPASSWORD}`;
    const { postgres } = await findServerTools(lab.server.major);
    // As the guide has it: a new primary still has what is missing.
    const settings = { archive_mode: 'off', primary_conninfo: conninfo, hot_standby: 'on', wal_keep_size: '256MB' };
    const server = await launchServer({ postgres, directory, user: await serverUser(), settings });
    this.standbys.push(server);
    const { port } = server;
    const sql = (script: string) => lab.sql('postgres', script, { port });
    return {
      port,
      sql,
      promote: async () => {
        await sql('SELECT pg_promote()');
        await until('it is a primary', async () => (await sql('SELECT pg_is_in_recovery()')) === 'f');
      },
    };
  }

  /** What a restore as far as the archive goes has in the ledger. */
  async restored(): Promise<readonly number[]> {
    const report = await this.moments.restore({ target: { kind: 'latest' } });
    if (report.outcome !== 'passed') throw new Error(`${report.outcome}: ${report.canary.finding}`);
    this.reached = report.reached?.lsn;
    const ids = await this.moments.ids(report.dataDirectory);
    await this.moments.closeAll();
    await removeDirectory(report.dataDirectory);
    return ids;
  }

  /** For who wants to know why a restore has not all. */
  async described(): Promise<string> {
    const { archive, systemIdentifier } = this.primary;
    const ranges = (await this.ranges()).map(({ from, to }) => `${formatLsn(from)}–${formatLsn(to)}`);
    const partials = (await archive.partials(systemIdentifier)).map(
      ({ segment, lengthBytes }) => `${segment}+${lengthBytes}`,
    );
    return `reached ${this.reached}; whole ${ranges.join()}; parts ${partials.slice(-5).join()}`;
  }

  /** Log files of the server that are still on its disk. */
  async kept(): Promise<string[]> {
    const names = await readdir(path.join(dataDirectory(this.primary.lab.server.directory), 'pg_wal'));
    return names.filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
  }

  async slot(): Promise<{ restart: string; status: string } | undefined> {
    const said = await this.primary.sql(
      `SELECT restart_lsn, wal_status FROM pg_replication_slots WHERE slot_name = '${SLOT}'`,
    );
    const [restart, status] = said.split('|');
    return said === '' ? undefined : { restart, status };
  }
}
