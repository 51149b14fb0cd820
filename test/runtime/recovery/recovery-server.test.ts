/** How the recovering server is ended: a stand-in for it that takes its time, on a clock that is moved. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RecoveryServer, RunDirectory } from '../../../runtime/recovery/recovery-server';
import type { RecoveryTools } from '../../../runtime/recovery/recovery-tools';
import { failureOf } from '../../support/failure-of';
import { until } from '../../support/processes';

let directory: string;
let run: RunDirectory;
let server: RecoveryServer;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-server-'));
  run = await RunDirectory.make({ user: undefined });
});
afterEach(async () => {
  jest.useRealTimers();
  await server.end();
  await run.remove();
  await rm(directory, { recursive: true, force: true });
});

const there = (name: string) => path.join(directory, name);

/** It notes that it was told to stop, and ends when `written` is there: that is its last checkpoint. */
async function startSlowServer(signal = new AbortController().signal): Promise<void> {
  const script = `#!/bin/sh
trap 'echo INT >> ${there('told')}; stopping=1' INT
trap 'echo QUIT >> ${there('told')}; exit 2' QUIT
echo up > ${there('up')}
while [ -z "$stopping" ] || [ ! -e ${there('written')} ]; do sleep 0.05; done
`;
  const postgres = there('postgres');
  await writeFile(postgres, script, { mode: 0o755 });
  const tools = { postgres, user: undefined } as RecoveryTools;
  server = await RecoveryServer.start({
    tools,
    dataDirectory: directory,
    run,
    settings: {},
    environment: {},
    signal,
  });
  await until('it is up', () => holds('up', 'up'));
}

const holds = (name: string, text: string) =>
  readFile(there(name), 'utf8').then(
    (found) => found.includes(text),
    () => false,
  );

test('a server that has much to write at its end is given the time', async () => {
  await startSlowServer();
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date'] });
  const stopping = server.stop();
  jest.advanceTimersByTime(20 * 60_000);
  jest.useRealTimers();
  await until('it is told', () => holds('told', 'INT'));
  await writeFile(there('written'), '');
  await stopping;
});

test('one that is no longer waited for is ended at once, and that is no good end', async () => {
  const stop = new AbortController();
  await startSlowServer(stop.signal);
  const stopping = failureOf(server.stop());
  await until('it is told', () => holds('told', 'INT'));
  stop.abort(new Error('the deadline'));
  expect(await stopping).toMatchObject({ code: 'restore-failed' });
  expect(await holds('told', 'QUIT')).toBe(true);
});
