import { execFile, fork, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { openSession } from '../../../runtime/postgres/session';
import { startThrowawayServer, type ThrowawayServer } from '../../../runtime/postgres/throwaway-server';
import { findPsql } from '../../../runtime/postgres/tools';
import { isAlive, until } from '../../support/processes';

const started: ThrowawayServer[] = [];

async function start(options: Parameters<typeof startThrowawayServer>[0] = {}): Promise<ThrowawayServer> {
  const server = await startThrowawayServer(options);
  started.push(server);
  return server;
}

afterAll(() => Promise.all(started.map((server) => server.stop())));

async function ask<Row>(server: ThrowawayServer, sql: string, change: Record<string, string> = {}): Promise<Row[]> {
  const connection = server.connection();
  const session = await openSession({ ...connection, env: { ...connection.env, ...change } }, await findPsql());
  try {
    return await session.query<Row>(sql);
  } finally {
    await session.close();
  }
}

test('it listens on the loopback only, asks for its password, and takes settings', async () => {
  const server = await start({ superuser: 'The Chief', settings: { work_mem: '12MB' } });
  const [row] = await ask<Record<string, string>>(
    server,
    `SELECT current_user AS "user", current_setting('listen_addresses') AS listen, current_setting('work_mem') AS memory`,
  );
  expect(row).toEqual({ user: 'The Chief', listen: '127.0.0.1', memory: '12MB' });
  await expect(ask(server, 'SELECT 1', { PGPASSWORD: 'wrong' })).rejects.toMatchObject({
    code: 'authentication-failed',
  });
  await expect(ask(server, 'SELECT 1', { PGHOST: server.directory, PGPASSWORD: 'wrong' })).rejects.toMatchObject({
    code: 'authentication-failed',
  });
  expect((await stat(server.directory)).mode & 0o077).toBe(0);
});

test('its password is in no file of its directory and no argument', async () => {
  const server = await start({ password: 'a-password-to-look-for' });
  const found = await promisify(execFile)('grep', ['-r', '-l', 'a-password-to-look-for', server.directory]).catch(
    (error: unknown) => error,
  );
  expect(found).toMatchObject({ code: 1, stdout: '' });
  expect((await promisify(execFile)('ps', ['-ww', '-eo', 'args'])).stdout).not.toContain('a-password-to-look-for');
});

test('with trust, anybody on this machine gets in', async () => {
  const server = await start({ authentication: 'trust' });
  expect(await ask(server, 'SELECT 1 AS one', { PGPASSWORD: '' })).toEqual([{ one: 1 }]);
});

test.each(['fast', 'immediate', 'smart'] as const)(
  'a %s restart keeps port and data and changes the process',
  async (mode) => {
    const server = await start();
    const { port, pid } = server;
    await ask(server, `SELECT set_config('x.y', '1', false)`);
    const session = await openSession(server.connection(), await findPsql());
    await session.execute('CREATE TABLE public.kept AS SELECT 1 AS one');
    await session.close();
    await server.restart(mode);
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    expect(await ask(server, 'SELECT * FROM public.kept')).toEqual([{ one: 1 }]);
    expect(await readFile(path.join(server.directory, 'server.log'), 'utf8')).toMatch(
      mode === 'immediate' ? /automatic recovery in progress/ : /database system was shut down at/,
    );
  },
);

test('many at once get a port each', async () => {
  const servers = await Promise.all([start(), start(), start()]);
  expect(new Set(servers.map(({ port }) => port)).size).toBe(3);
});

test('stopped, it and its files are gone; stopping again is no error', async () => {
  const server = await start();
  await server.stop();
  expect(isAlive(server.pid)).toBe(false);
  expect(existsSync(server.directory)).toBe(false);
  await server.stop();
});

test("one that does not start says why, in the server's own words, and leaves nothing", async () => {
  const parentDirectory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-test-'));
  await promisify(execFile)('chmod', ['777', parentDirectory]);
  const failure = await startThrowawayServer({ parentDirectory, settings: { shared_buffers: 'nonsense' } }).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({
    code: 'tool-failed',
    detail: expect.stringContaining('invalid value for parameter "shared_buffers"') as string,
  });
  expect(await readdir(parentDirectory)).toEqual([]);
  await rm(parentDirectory, { recursive: true });
});

test('a superuser that initdb cannot make is refused, and no password is shown', async () => {
  const failure = await startThrowawayServer({ superuser: 'quo"te', password: 'shown-to-nobody' }).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: 'configuration-invalid', message: expect.stringContaining('quo') as string });
  expect(JSON.stringify(failure)).not.toContain('shown-to-nobody');
});

test('without server programs it says what to install', async () => {
  await expect(startThrowawayServer({ major: 97 })).rejects.toMatchObject({ code: 'tool-missing' });
});

describe('when the process that started it ends', () => {
  /** A process that starts a server, says where, and then does as told. */
  async function startElsewhere(
    then: string,
  ): Promise<{ child: ReturnType<typeof spawn>; pid: number; directory: string }> {
    const directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-test-'));
    const script = path.join(directory, 'starter.ts');
    const source = path.resolve(__dirname, '../../../runtime/postgres/throwaway-server');
    await writeFile(
      script,
      `import { startThrowawayServer } from ${JSON.stringify(source)};
       void startThrowawayServer().then((server) => { process.send?.([server.pid, server.directory], () => { process.disconnect?.(); ${then} }); });`,
    );
    const child = fork(script, { execArgv: ['--import', require.resolve('tsx')], stdio: 'ignore' });
    const [pid, serverDirectory] = await new Promise<[number, string]>((resolve, reject) => {
      child
        .once('message', (message) => resolve(message as [number, string]))
        .once('exit', () => reject(new Error('the starter ended')));
    });
    await rm(directory, { recursive: true });
    return { child, pid, directory: serverDirectory };
  }

  test('by SIGKILL, the server and its files go too', async () => {
    const { child, pid, directory } = await startElsewhere('setInterval(() => undefined, 1000);');
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    await until('the server and its files are gone', () => !isAlive(pid) && !existsSync(directory));
  });

  test('without stopping it, it can end, and the server and its files go too', async () => {
    const { pid, directory } = await startElsewhere('');
    await until('the server and its files are gone', () => !isAlive(pid) && !existsSync(directory));
  });
});
