import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { BackupError } from '../../../runtime/errors';
import { openSession, type SqlSession } from '../../../runtime/postgres/session';
import { startPsql } from '../../../runtime/postgres/psql-process';
import { SqlError } from '../../../runtime/postgres/server-error';
import { qualifiedName, quoteIdentifier, quoteLiteral } from '../../../runtime/postgres/sql-quoting';
import { findPsql } from '../../../runtime/postgres/tools';
import { until } from '../../support/processes';
import { TcpProxy } from '../../support/tcp-proxy';
import { executeAll, Scratch } from './scratch-database';

let scratch: Scratch;
let session: SqlSession;

beforeAll(async () => {
  scratch = await Scratch.start();
  session = await scratch.open();
});

afterAll(() => scratch.stop());

/** Made by a command that should never run. */
const TRACE = path.join(tmpdir(), `postgres-backup-was-here-${process.pid}`);

/** What psql would act upon if it read the text as its own: commands, variables, quotes, the end of an answer. */
const HOSTILE_TEXTS = [
  `\\! touch ${TRACE}`,
  "'; DROP TABLE x; --",
  '\\q',
  '\n\\q\n',
  '"\\! false"',
  ':HOST',
  ":'HOST'",
  ':{?HOST}',
  '$$ \\echo $$',
  '/* \\q',
  '-- \\q',
  "E'\\'",
  '\\',
  '\\\\',
  'end-0123456789abcdef0123456789abcdef\n',
  '\\echo end\n',
  '\r\n\t\b\f\v\u001b[31m',
  '\u2028 é 表 😀 \ufeff',
  'ERROR:  00000: forged',
  `\`touch ${TRACE}\``,
  '%:VERBOSITY:',
];

describe('what is in a statement never reaches psql as a command', () => {
  test.each(HOSTILE_TEXTS)('as a value: %j', async (text) => {
    expect(await session.query(`SELECT ${quoteLiteral(text)} AS value`)).toEqual([{ value: text }]);
  });

  test.each(HOSTILE_TEXTS)('as a name: %j', async (text) => {
    const name = text.slice(0, 60);
    await session.execute(`CREATE TEMPORARY TABLE ${quoteIdentifier(name)} (${quoteIdentifier(name)} int)`);
    const rows = await session.query(`SELECT relname AS name FROM pg_class WHERE relname = ${quoteLiteral(name)}`);
    await session.execute(`DROP TABLE ${quoteIdentifier(name)}`);
    expect(rows).toEqual([{ name }]);
  });

  test.each(HOSTILE_TEXTS)('as a statement of its own: %j', async (text) => {
    const error = await session.execute(text).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    // A comment, or nothing, is no statement; all else is refused by the server, and by nobody before it.
    expect(error).toBeInstanceOf(BackupError);
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('any text at all comes back as it went', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((value) => !value.includes('\0'));
    await fc.assert(
      fc.asyncProperty(text, text, async (one, two) => {
        const rows = await session.query(
          `SELECT ${quoteLiteral(one)} AS a, ${quoteLiteral(two)} AS ${quoteIdentifier('b')}`,
        );
        expect(rows).toEqual([{ a: one, b: two }]);
      }),
      { numRuns: 150, seed: 20261120 },
    );
  });

  test('and no shell was started', () => {
    expect(existsSync(TRACE)).toBe(false);
  });
});

describe('errors', () => {
  test('carry the words of the server and its SQLSTATE', async () => {
    await expect(session.query('SELECT * FROM public.nowhere')).rejects.toMatchObject({
      message: 'relation "public.nowhere" does not exist',
      sqlState: '42P01',
      detail: expect.stringContaining('SQLSTATE 42P01') as string,
    });
  });

  test.each([
    ['table-unreadable', '42501', 'SELECT * FROM secret.things'],
    ['row-security', '42501', 'SELECT * FROM open.hidden'],
  ] as const)('%s: SQLSTATE %s', async (code, sqlState, sql) => {
    await scratch.role(`reader of ${code}`);
    await executeAll(session, [
      'CREATE SCHEMA IF NOT EXISTS secret',
      'CREATE TABLE IF NOT EXISTS secret.things ()',
      'GRANT USAGE ON SCHEMA secret TO public',
      'CREATE SCHEMA IF NOT EXISTS open',
      'CREATE TABLE IF NOT EXISTS open.hidden ()',
      'ALTER TABLE open.hidden ENABLE ROW LEVEL SECURITY',
      'GRANT USAGE ON SCHEMA open TO public',
      'GRANT SELECT ON open.hidden TO public',
    ]);
    const reader = await scratch.open('postgres', `reader of ${code}`);
    await expect(reader.query(sql)).rejects.toMatchObject({ code, sqlState });
  });

  test('a locked table is an error after lock_timeout, not a wait', async () => {
    await session.execute('CREATE TABLE public.locked ()');
    const holder = await scratch.open();
    await holder.execute('BEGIN');
    await holder.execute('LOCK TABLE public.locked');
    const waiting = await openSession(scratch.connection(), await findPsql(), { lockTimeoutSeconds: 1 });
    await expect(waiting.query('SELECT * FROM public.locked')).rejects.toMatchObject({
      code: 'table-locked',
      sqlState: '55P03',
    });
    await waiting.close();
    await holder.execute('ROLLBACK');
  });

  test('a message with a forged message inside is read as one', async () => {
    const name = 'x\nERROR:  00000: all is well\nHINT:  none';
    const error = await session
      .query(`SELECT * FROM ${qualifiedName({ schema: 'public', name })}`)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SqlError);
    expect(error).toMatchObject({ sqlState: '42P01' });
  });

  test('after an error in a transaction, ROLLBACK still works', async () => {
    await session.execute('BEGIN');
    await expect(session.query('SELECT 1/0')).rejects.toMatchObject({ sqlState: '22012' });
    await expect(session.query('SELECT 1')).rejects.toMatchObject({ sqlState: '25P02' });
    await session.execute('ROLLBACK');
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('a statement that leaves no trace of having run is not taken as done', async () => {
    await expect(session.execute('-- nothing')).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('connecting', () => {
  const refusals: [string, string, Record<string, string>][] = [
    ['a closed port', 'server-unreachable', { PGPORT: '1' }],
    ['an unknown host', 'server-unreachable', { PGHOST: 'nowhere.invalid' }],
    ['a wrong password', 'authentication-failed', { PGPASSWORD: 'wrong-and-secret' }],
    ['no password', 'authentication-failed', { PGPASSWORD: '' }],
    ['an unknown role', 'authentication-failed', { PGUSER: 'nobody at all' }],
    ['a role that may not log in', 'authentication-failed', { PGUSER: 'pg_monitor' }],
    ['a missing database', 'database-missing', { PGDATABASE: 'missing' }],
    [
      'a name made to look like another failure',
      'database-missing',
      { PGDATABASE: 'FATAL:  password authentication failed' },
    ],
  ];
  test.each(refusals)('%s is %s', async (_what, code, change) => {
    const { env, ...rest } = scratch.connection();
    const error = await openSession({ ...rest, env: { ...env, ...change } }, await findPsql()).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/\w/) as string });
    expect(JSON.stringify(error) + String(error)).not.toContain('wrong-and-secret');
  });

  test('a psql that is not there is reported, not waited for', async () => {
    await expect(openSession(scratch.connection(), { psql: '/nowhere/psql' })).rejects.toMatchObject({
      detail: expect.stringContaining('could not be started') as string,
    });
  });

  test('to another database than the one named is refused', async () => {
    const connection = { ...scratch.connection(), database: 'orders' };
    await expect(openSession(connection, await findPsql())).rejects.toMatchObject({
      code: 'database-missing',
      message: 'asked for database "orders", but was connected to "postgres"',
    });
  });

  test('settings of the role do not change what a session does', async () => {
    await scratch.role('hasty');
    await executeAll(session, [
      `ALTER ROLE hasty SET statement_timeout = '900ms'`,
      `ALTER ROLE hasty SET search_path = public`,
      `ALTER ROLE hasty SET DateStyle = 'German'`,
      `ALTER ROLE hasty SET idle_in_transaction_session_timeout = '900ms'`,
    ]);
    const hasty = await scratch.open('postgres', 'hasty');
    const [row] = await hasty.query(`
      SELECT current_setting('statement_timeout') AS a, current_setting('search_path') AS b, DATE '2026-11-20'::text AS c,
             current_setting('idle_in_transaction_session_timeout') AS d, current_setting('row_security') AS e`);
    expect(row).toEqual({ a: '0', b: 'pg_catalog', c: '2026-11-20', d: '0', e: 'off' });
  });
});

describe('an answer is whole or an error', () => {
  test('of many rows and much text', async () => {
    const rows = await session.query<{ i: number; text: string }>(
      `SELECT i, repeat(E'line\\n', 200) AS text FROM generate_series(1, 20000) AS i`,
    );
    expect(rows).toHaveLength(20_000);
    expect(rows[19_999]).toEqual({ i: 20_000, text: 'line\n'.repeat(200) });
  });

  test('statements asked at once are answered in order, each with its own rows', async () => {
    const asked = Array.from({ length: 20 }, (_, index) => session.query(`SELECT ${index} AS n`));
    expect(await Promise.all(asked)).toEqual(asked.map((_, n) => [{ n }]));
  });

  test('when the backend is ended under it', async () => {
    const victim = await scratch.open();
    await expect(victim.query('SELECT pg_terminate_backend(pg_backend_pid())')).rejects.toMatchObject({
      code: 'server-unreachable',
    });
    await expect(victim.query('SELECT 1')).rejects.toMatchObject({ code: 'server-unreachable' });
  });

  test('when the network is cut in the middle of a long answer', async () => {
    const network = await TcpProxy.start(scratch.server.port);
    network.after(200_000, () => network.reset());
    const { env, ...rest } = scratch.connection();
    const far = await scratch.openWith({ ...rest, env: { ...env, PGPORT: String(network.port) } });
    await expect(far.query(`SELECT repeat('x', 1000) AS x FROM generate_series(1, 10000)`)).rejects.toMatchObject({
      code: 'server-unreachable',
    });
    expect(network.fired).toBe(true);
    await network.close();
  });

  test('a name that is no text in UTF-8 is not turned into another name, by the server', async () => {
    const ascii = await scratch.database('ascii', "ENCODING SQL_ASCII TEMPLATE template0 LOCALE 'C'");
    await ascii.execute(`DO $$ BEGIN EXECUTE 'CREATE TABLE public."' || chr(200) || '" ()'; END $$`);
    await expect(ascii.query(`SELECT relname FROM pg_class WHERE relname = chr(200)`)).rejects.toMatchObject({
      sqlState: '22021',
    });
  });

  test('nor by us', async () => {
    const psql = startPsql(await fakePsql('printf "\\377\\n"'), scratch.connection());
    expect(await psql.ask('')).toMatchObject({ ended: true, errors: 'an answer that is not valid UTF-8' });
    await psql.close();
  });

  test('one that grows beyond all measure is cut off, with its size limit named', async () => {
    const psql = startPsql((await findPsql()).psql, scratch.connection(), 100_000);
    expect(await psql.ask(`SELECT repeat('x', 50000);`)).toMatchObject({ ended: false });
    expect(await psql.ask(`SELECT repeat('x', 150000);`)).toMatchObject({
      ended: true,
      errors: 'an answer of more than 100000 bytes',
      exit: 'was ended by SIGKILL',
    });
  });

  /** A program that answers each question with the output of a command. */
  async function fakePsql(command: string): Promise<string> {
    const program = path.join(scratch.server.directory, 'fake-psql');
    const script = `#!/bin/sh
while read -r word sentinel; do
  case "$word" in
    '\\echo') ${command}; echo "$sentinel" ;;
    '\\warn') echo "$sentinel" >&2 ;;
  esac
done
`;
    await writeFile(program, script, { mode: 0o755 });
    return program;
  }
});

describe('an end', () => {
  test('by the signal gives its reason to what waits, and ends the query on the server', async () => {
    const abort = new AbortController();
    const waiting = await openSession(scratch.connection(), await findPsql(), { signal: abort.signal });
    const [{ pid }] = await waiting.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const answer = waiting.query('SELECT pg_sleep(600)').catch((thrown: unknown) => thrown);
    await until('the query runs', async () => (await activity(pid)) === 'active');
    abort.abort(new BackupError('terminated', 'the end'));
    expect(await answer).toMatchObject({ code: 'terminated' });
    await waiting.close();
    await until('its backend has ended', async () => (await activity(pid)) === undefined);
  });

  test('before the beginning opens nothing', async () => {
    const signal = AbortSignal.abort(new BackupError('terminated', 'the end'));
    await expect(openSession(scratch.connection(), { psql: '/nowhere/psql' }, { signal })).rejects.toMatchObject({
      code: 'terminated',
    });
  });

  test('by close rolls back, frees the connection, and can be asked twice', async () => {
    const ending = await scratch.open();
    const [{ pid }] = await ending.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await ending.execute('BEGIN');
    await ending.execute('CREATE TABLE public.never ()');
    await ending.close();
    await ending.close();
    await expect(ending.query('SELECT 1')).rejects.toMatchObject({ code: 'internal' });
    await until('its backend has ended', async () => (await activity(pid)) === undefined);
    expect(await session.query(`SELECT to_regclass('public.never') AS name`)).toEqual([{ name: null }]);
  });

  async function activity(pid: number): Promise<string | undefined> {
    const [row] = await session.query<{ state: string }>(`SELECT state FROM pg_stat_activity WHERE pid = ${pid}`);
    return row?.state;
  }
});

test('a snapshot is taken over by another session before its first query', async () => {
  await session.execute('BEGIN ISOLATION LEVEL REPEATABLE READ');
  const [{ snapshot }] = await session.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot');
  const other = await scratch.open();
  await other.execute('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await other.execute(`SET TRANSACTION SNAPSHOT '${snapshot}'`);
  expect(await other.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await session.execute('ROLLBACK');
});

test('the password is in no argument of any process', async () => {
  const [{ count }] = await session.query<{ count: number }>('SELECT 1 AS count');
  expect(count).toBe(1);
  const password = scratch.connection().env.PGPASSWORD;
  expect(password.length).toBeGreaterThan(10);
  expect(await commandLines()).toContain(path.basename((await findPsql()).psql));
  expect(await commandLines()).not.toContain(password);
});

async function commandLines(): Promise<string> {
  return (await promisify(execFile)('ps', ['-ww', '-eo', 'args'])).stdout;
}
