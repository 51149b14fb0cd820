/** The helper: what it answers is true, what it keeps is bounded, and nothing hangs on it. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BackupError } from '../../../runtime/errors';
import type { ObjectStore, PutOptions, WrittenVersion } from '../../../runtime/store/store';
import { runArchiveHelper, type HelperReport } from '../../../runtime/wal/helper';
import { failureOf } from '../../support/failure-of';
import { FaultyStore } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import { until } from '../../support/processes';
import { makeDataDirectory, nameOf, SYSTEM, writeSegment } from './support/segments';

let directory: string;
let data: string;
let socketPath: string;
let stop: AbortController;
let running: Promise<HelperReport>[] = [];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-helper-'));
  data = await makeDataDirectory(path.join(directory, 'data'));
  socketPath = path.join(directory, 'archive.sock');
  stop = new AbortController();
  running = [];
});
afterEach(async () => {
  stop.abort(new BackupError('terminated', 'the test is over'));
  await Promise.allSettled(running);
  await rm(directory, { recursive: true, force: true });
});

/** A store that tells how many files are on their way at once. */
class CountingStore extends MemoryStore {
  most = 0;
  puts = 0;
  private underway = 0;

  override async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<WrittenVersion> {
    this.puts += 1;
    this.underway += 1;
    this.most = Math.max(this.most, this.underway);
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.underway -= 1;
    return super.put(key, body, options);
  }
}

async function start(store: ObjectStore, parallel = 3, failures: string[] = []): Promise<void> {
  await new Promise<void>((listening, failed) => {
    const helper = runArchiveHelper(
      { dataDirectory: data, source: 'orders', systemIdentifier: SYSTEM, parallel, socketPath },
      {
        store,
        signal: stop.signal,
        now: () => new Date(0),
        onListening: listening,
        onFailure: (name, error) => void failures.push(`${name}: ${error.code}`),
      },
    );
    running.push(helper);
    helper.catch(failed);
  });
}

/** Asks as curl does. */
function ask(name: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: `/archive/${name}` }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

async function ready(numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    await writeSegment(data, number);
    await writeFile(path.join(data, 'pg_wal', 'archive_status', `${nameOf(number)}.ready`), '');
  }
}

const NUMBERS = Array.from({ length: 12 }, (_, index) => index + 1);

test('what is ready is pushed before it is asked for, several at once and no more than told', async () => {
  const store = new CountingStore();
  await ready(NUMBERS);
  await start(store, 3);
  await until('all is pushed', () => store.keys().length === NUMBERS.length);
  expect(store.most).toBe(3);
  for (const number of NUMBERS) expect(await ask(nameOf(number))).toEqual({ status: 200, text: 'archived\n' });
  // None is pushed twice, though the server takes each off its list only after the answer.
  expect(store.puts).toBe(NUMBERS.length);
});

test('a file that changed since it was pushed ahead is looked at again: a conflict, and not a yes', async () => {
  const store = new MemoryStore();
  await ready([1]);
  await start(store);
  await until('it is pushed', () => store.keys().length === 1);
  await writeSegment(data, 1, { seed: 99 });
  expect(await ask(nameOf(1))).toMatchObject({ status: 409 });
});

test('what fails is answered with a failure each time, told, and tried again', async () => {
  const failures: string[] = [];
  const store = new MemoryStore();
  await writeSegment(data, 1);
  await start(
    new FaultyStore(
      store,
      [1, 1].map((nth) => ({ on: 'put', nth, effect: 'fail' }) as const),
    ),
    3,
    failures,
  );
  expect((await ask(nameOf(1))).status).toBe(503);
  expect((await ask(nameOf(1))).status).toBe(503);
  expect((await ask(nameOf(1))).status).toBe(200);
  expect(failures).toEqual([`${nameOf(1)}: store-unreachable`, `${nameOf(1)}: store-unreachable`]);
});

test.each(['../../../etc/passwd', '%2e%2e%2fpasswd', 'postgresql.conf', '', nameOf(77)])(
  'asked for %j it archives nothing',
  async (name) => {
    const store = new MemoryStore();
    await start(store);
    expect([404, 503]).toContain((await ask(name)).status);
    expect(store.keys()).toEqual([]);
  },
);

test('a socket on which another helper answers is left alone', async () => {
  await start(new MemoryStore());
  const other = runArchiveHelper(
    { dataDirectory: data, source: 'orders', systemIdentifier: SYSTEM, parallel: 1, socketPath },
    { store: new MemoryStore(), signal: stop.signal, now: () => new Date(0), onFailure: () => undefined },
  );
  expect(await failureOf(other)).toMatchObject({
    code: 'configuration-invalid',
    detail: 'another helper answers there',
  });
});

test('a socket that a killed helper left is taken over', async () => {
  // As a kill leaves it: the name is there, and nobody behind it.
  const listen = `require('node:net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(spawnSync(process.execPath, ['-e', listen]).signal).toBe('SIGKILL');
  expect(await readdir(directory)).toContain('archive.sock');
  await start(new MemoryStore());
  await writeSegment(data, 1);
  expect((await ask(nameOf(1))).status).toBe(200);
});

test('told to end, it ends, and says how much was archived', async () => {
  await ready([1, 2]);
  await start(new MemoryStore());
  await ask(nameOf(1));
  stop.abort(new BackupError('terminated', 'stopped'));
  expect(await running[0]).toEqual({ archived: 1, failed: 0 });
});
