/** The server whose log is received: what it is, what it keeps for us, and how far its log goes. */
import { formatLsn, parseLsn } from '../../../model';
import { BackupError } from '../../errors';
import type { ConnectionSource } from '../../postgres/connection';
import { readServerFacts } from '../../postgres/server-facts';
import { openSession, type SqlSession } from '../../postgres/session';
import { quoteLiteral } from '../../postgres/sql-quoting';
import { findPsql } from '../../postgres/tools';
import { askReplication, type ReplicationServer } from './replication-command';
import { findReceiveWal, type ReceiveTool } from './receivewal-process';

/** The slot by which the server keeps what is not archived yet. */
export interface Slot {
  /** From here on the log is kept; nothing when the slot was given up by the server. */
  readonly keptFrom: bigint | undefined;
  /** `reserved`, `extended`, `unreserved`, `lost`. */
  readonly status: string;
}

/** What the server says at one look. */
export interface ServerLook {
  /** As far as it has written its log durably. */
  readonly position: bigint;
  readonly slot: Slot | undefined;
}

export interface ServerOptions {
  readonly slotName: string;
  readonly mode: 'asynchronous' | 'synchronous';
}

export class ReceivedServer {
  private constructor(
    private readonly session: SqlSession,
    readonly tool: ReceiveTool,
    readonly segmentBytes: number,
    readonly log: ReplicationServer,
    readonly warnings: readonly string[],
    private readonly slotName: string,
  ) {}

  static async open(source: ConnectionSource, options: ServerOptions, signal: AbortSignal): Promise<ReceivedServer> {
    const connection = await source.open();
    const { psql } = await findPsql();
    const session = await openSession(connection, { psql }, { signal });
    try {
      const facts = await readServerFacts(session);
      if (facts.standby) throw isStandby(source.description);
      const tool = await findReceiveWal(facts.major);
      const [settings] = await session.query<Settings>(SETTINGS);
      const log = await askReplication(psql, connection, signal);
      const warnings = warningsOf(settings, options);
      // What we say to the server ourselves must not wait for us.
      await session.execute('SET synchronous_commit = local');
      return new ReceivedServer(session, tool, settings.segmentBytes, log, warnings, options.slotName);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.session.close();
  }

  /**
   * Ends whoever else receives under this name: a `pg_receivewal` whose receiver was killed would go on, and confirm commits that
   * nobody archives. Gives how many there were.
   */
  async endOthers(): Promise<number> {
    const [{ ended }] = await this.session.query<{ ended: number }>(`
      SELECT count(pg_terminate_backend(pid, ${END_TIMEOUT_MS})) AS ended FROM pg_stat_activity
       WHERE backend_type = 'walsender' AND application_name = ${quoteLiteral(this.slotName)} AND usename = current_user`);
    return ended;
  }

  async look(): Promise<ServerLook> {
    const [row] = await this.session.query<LookRow>(`
      SELECT pg_current_wal_flush_lsn()::text AS position, s.restart_lsn::text AS "keptFrom", s.wal_status AS status,
             s.slot_type AS type
        FROM (VALUES (1)) AS one LEFT JOIN pg_replication_slots AS s ON s.slot_name = ${quoteLiteral(this.slotName)}`);
    const position = parseLsn(row.position);
    if (position === undefined) throw new BackupError('server-unreachable', `the server stands at ${row.position}`);
    if (row.type === null) return { position, slot: undefined };
    if (row.type !== 'physical') throw isLogical(this.slotName);
    const keptFrom = row.keptFrom === null ? undefined : parseLsn(row.keptFrom);
    return { position, slot: { keptFrom: row.status === 'lost' ? undefined : keptFrom, status: row.status ?? 'lost' } };
  }

  /** Makes the slot, which keeps the log from the last checkpoint on; one that the server gave up is made anew. */
  async makeSlot(existing: Slot | undefined): Promise<bigint> {
    if (existing) await this.dropSlot();
    const [{ lsn }] = await this.session.query<{ lsn: string }>(
      `SELECT lsn::text AS lsn FROM pg_create_physical_replication_slot(${quoteLiteral(this.slotName)}, true)`,
    );
    return parseLsn(lsn) ?? 0n;
  }

  async dropSlot(): Promise<void> {
    await this.session.query(`SELECT pg_drop_replication_slot(${quoteLiteral(this.slotName)})::text`);
  }

  /** What lies before may go: it is archived. */
  async release(upTo: bigint): Promise<void> {
    await this.session.query(
      `SELECT end_lsn::text FROM pg_replication_slot_advance(${quoteLiteral(this.slotName)}, '${formatLsn(upTo)}')`,
    );
  }

  /** A little log whose last byte is no zero, so that it can be seen that it has come. It changes no table. */
  async nudge(): Promise<void> {
    await this.session.query(
      "SELECT pg_logical_emit_message(true, 'postgres-backup', clock_timestamp()::text)::text AS lsn",
    );
  }
}

const END_TIMEOUT_MS = 5_000;

interface LookRow {
  readonly position: string;
  readonly keptFrom: string | null;
  readonly status: string | null;
  readonly type: string | null;
}

interface Settings {
  readonly segmentBytes: number;
  readonly slotLimit: string;
  readonly standbys: string;
  readonly commit: string;
}

const SETTINGS = `
  SELECT (SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size') AS "segmentBytes",
         current_setting('max_slot_wal_keep_size') AS "slotLimit",
         current_setting('synchronous_standby_names') AS standbys,
         current_setting('synchronous_commit') AS commit`;

function warningsOf({ slotLimit, standbys, commit }: Settings, { slotName, mode }: ServerOptions): string[] {
  const names = standbys.toLowerCase();
  const waits = names.includes(slotName) || names.includes('*');
  return [
    ...(slotLimit === '-1'
      ? [
          'max_slot_wal_keep_size is not set: if nothing is received for long, the log that the server keeps fills its disk',
        ]
      : []),
    ...(mode === 'synchronous' && !waits
      ? [`synchronous_standby_names does not name ${slotName}: commits do not wait for what is received`]
      : []),
    ...(waits && mode === 'asynchronous'
      ? [`synchronous_standby_names names ${slotName}, and --synchronous is not given: commits may wait for ever`]
      : []),
    ...(waits && commit === 'remote_apply'
      ? ['synchronous_commit is remote_apply, which a receiver never answers: commits wait for ever']
      : []),
  ];
}

function isStandby(description: string): BackupError {
  return new BackupError('server-unreachable', `${description} is a standby`, {
    detail: 'The log is received from the primary, which has all of it first.',
    hint: 'Name the primary; with several hosts, PGTARGETSESSIONATTRS=read-write finds it. After a fail-over it is asked again.',
  });
}

function isLogical(slotName: string): BackupError {
  return new BackupError('configuration-invalid', `replication slot "${slotName}" is a logical one`, {
    hint: 'Name another with --slot; a physical one is made when it is not there.',
  });
}
