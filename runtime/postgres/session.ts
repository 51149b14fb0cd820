import { BackupError } from '../errors';
import type { Connection } from './connection';
import { startPsql, type PsqlAnswer, type PsqlProcess } from './psql-process';
import { connectionError, statementError } from './server-error';
import { quoteLiteral } from './sql-quoting';
import type { PostgresTools } from './tools';

/**
 * One connection that stays open, for queries and for holding a snapshot. libpq in a stock `psql` does the talking
 * (docs/decisions/0002), so it reaches whatever `pg_dump` reaches.
 *
 * Set for the session: no time-outs but `lock_timeout`, `row_security = off` (an error instead of missing rows),
 * `search_path = pg_catalog`, ISO dates, UTC, no parallel workers. Statements run one after the other, in the order asked.
 */
export interface SqlSession {
  /**
   * Runs one statement that can stand in a FROM (SELECT, VALUES; without a semicolon); each row as an object, through
   * `row_to_json`: a bigint beyond 2^53 loses digits, so cast such a column to text.
   *
   * @throws SqlError with the server's own words and SQLSTATE; BackupError `server-unreachable` when the connection is lost.
   */
  query<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  /** Runs a statement that returns no rows (BEGIN, SET, COMMENT, …). */
  execute(sql: string): Promise<void>;
  /** Ends the connection; an open transaction is rolled back. Settles when `psql` is gone. Safe to call twice. */
  close(): Promise<void>;
}

export interface SessionOptions {
  /** Ends the session at once; what waits for an answer gets the signal's reason. */
  signal?: AbortSignal;
  /** How long a statement waits for a locked table. @default 60 */
  lockTimeoutSeconds?: number;
}

/** @throws BackupError `server-unreachable`, `authentication-failed` or `database-missing`. */
export type OpenSession = (
  connection: Connection,
  tools: Pick<PostgresTools, 'psql'>,
  options?: SessionOptions,
) => Promise<SqlSession>;

export const openSession: OpenSession = async (connection, tools, options = {}) => {
  options.signal?.throwIfAborted();
  const session = new PsqlSession(startPsql(tools.psql, connection), connection.description, options.signal);
  try {
    await session.connect();
    await session.execute(settingsStatement(options.lockTimeoutSeconds ?? 60));
    await refuseOtherDatabase(session, connection);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
};

class PsqlSession implements SqlSession {
  private queue: Promise<unknown> = Promise.resolve();
  private closed: Promise<void> | undefined;
  private readonly abort = (): void => {
    this.psql.interrupt();
    void this.close();
  };

  constructor(
    private readonly psql: PsqlProcess,
    private readonly where: string,
    private readonly signal?: AbortSignal,
  ) {
    signal?.addEventListener('abort', this.abort, { once: true });
  }

  /** psql connects before it reads a line: the first empty answer means that it is connected. */
  async connect(): Promise<void> {
    const answer = await this.psql.ask('');
    this.signal?.throwIfAborted();
    if (answer.ended) throw connectionError(answer.errors, answer.exit, this.where);
  }

  async query<Row>(sql: string): Promise<Row[]> {
    const output = await this.run(
      `SELECT coalesce(pg_catalog.json_agg(pg_catalog.row_to_json("_row_")), '[]'::pg_catalog.json) FROM (\n${sql}\n) AS "_row_"`,
    );
    return JSON.parse(output) as Row[];
  }

  async execute(sql: string): Promise<void> {
    const output = await this.run(sql);
    // The command tag is the proof that it was run, not merely that nothing was complained about.
    if (output === '') throw this.defect('gave no command tag');
  }

  close(): Promise<void> {
    this.signal?.removeEventListener('abort', this.abort);
    this.closed ??= this.psql.close();
    return this.closed;
  }

  private run(sql: string): Promise<string> {
    const result = this.queue.then(() => this.send(sql));
    // The next statement waits for this one and does not care how it went; the caller has the error.
    this.queue = result.catch(() => undefined);
    return result;
  }

  private async send(sql: string): Promise<string> {
    this.signal?.throwIfAborted();
    if (this.closed) throw this.defect('was asked after it was closed');
    return this.outputOf(await this.psql.ask(script(sql)));
  }

  private outputOf(answer: PsqlAnswer): string {
    this.signal?.throwIfAborted();
    if (answer.ended) {
      throw new BackupError('server-unreachable', `the connection to ${this.where} was lost`, {
        detail: answer.errors.trim() || `psql ${answer.exit}`,
      });
    }
    if (answer.errors !== '') throw statementError(answer.errors, this.where);
    return answer.output;
  }

  private defect(what: string): BackupError {
    return new BackupError('internal', `the session with ${this.where} ${what}`);
  }
}

/**
 * What psql is given for a statement. psql reads backslashes and colons in SQL as commands and variables of its own (`\!` runs a
 * shell), so the statement travels inside a quoted literal: the server hands it back and `\gexec` sends it as it is.
 * A plain sentence of words goes directly: ROLLBACK must work where no SELECT does, and SET TRANSACTION SNAPSHOT must
 * come before any query.
 */
function script(sql: string): string {
  return PLAIN.test(sql) ? `${sql};` : `SELECT ${quoteLiteral(sql)} \\gexec`;
}

const PLAIN = /^[A-Za-z][A-Za-z0-9_ ,]*(?: '[A-Za-z0-9-]*')?$/;

/** Settings that this server knows among those we want; in one statement, however many a version lacks. */
function settingsStatement(lockTimeoutSeconds: number): string {
  const wanted = Object.entries({ ...SESSION_SETTINGS, lock_timeout: `${lockTimeoutSeconds}s` }).map(
    ([name, value]) => `(${quoteLiteral(name)}, ${quoteLiteral(value)})`,
  );
  return `DO ${quoteLiteral(
    `BEGIN PERFORM pg_catalog.set_config(wanted.name, wanted.value, false)
       FROM (VALUES ${wanted.join(', ')}) AS wanted (name, value)
       JOIN pg_catalog.pg_settings AS known ON known.name = wanted.name; END`,
  )}`;
}

const SESSION_SETTINGS = {
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
  row_security: 'off',
  search_path: 'pg_catalog',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'iso_8601',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  client_min_messages: 'error',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
};

/** Whatever sits between us and the server (a pooler with aliases), what is read must be what was named. */
async function refuseOtherDatabase(session: SqlSession, connection: Connection): Promise<void> {
  const [{ name }] = await session.query<{ name: string }>('SELECT current_database() AS name');
  if (name === connection.database) return;
  throw new BackupError(
    'database-missing',
    `asked for database "${connection.database}", but was connected to "${name}"`,
    {
      detail: `connecting to ${connection.description}`,
      hint: 'Connect to the server itself rather than through a pooler that renames databases.',
    },
  );
}
