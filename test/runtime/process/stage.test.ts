/** A process of a pipeline has succeeded only when it ended by itself, with 0. */
import { BackupError } from '../../../runtime/errors';
import { describeExit, requireSuccess, runStage, startStage, type StageExit } from '../../../runtime/process/stage';
import { failureOf } from '../../support/failure-of';
import { until } from '../../support/processes';

const going = (): AbortSignal => new AbortController().signal;
const env = { PATH: process.env.PATH ?? '' };

function shell(script: string, signal = going()): Parameters<typeof startStage>[0] {
  return { name: 'sh', file: '/bin/sh', args: ['-c', script], env, stdin: 'ignore', stdout: 'ignore', signal };
}

const failure = (failed: StageExit): BackupError =>
  new BackupError('tool-failed', `${failed.name} ${describeExit(failed)}`);

it.each<[string, Partial<StageExit>]>([
  ['exit 0', { code: 0, signal: null }],
  ['echo sorry >&2; exit 3', { code: 3, signal: null, lastWords: 'sorry\n' }],
  ['kill -9 $$', { code: null, signal: 'SIGKILL' }],
  ['kill -15 $$', { code: null, signal: 'SIGTERM' }],
])('%j is seen as it ended', async (script, expected) => {
  expect(await startStage(shell(script)).exited).toMatchObject(expected);
});

it('a program that is not there has not succeeded, and says so', async () => {
  const exit = await startStage({ ...shell(''), file: '/nowhere/pg_dump' }).exited;
  expect(exit).toMatchObject({ code: null, signal: null });
  expect(exit.lastWords).toContain('ENOENT');
  expect(describeExit(exit)).toBe('could not be started');
  expect(() => requireSuccess([exit], failure, going())).toThrow('could not be started');
});

it('a program started after the run was stopped does not run on', async () => {
  const stopped = AbortSignal.abort(new BackupError('terminated', 'stopped'));
  expect(await startStage(shell('exec sleep 60', stopped)).exited).toMatchObject({ signal: 'SIGTERM' });
});

it('a stop ends it', async () => {
  const stop = new AbortController();
  const stage = startStage(shell('exec sleep 60', stop.signal));
  stop.abort(new BackupError('terminated', 'stopped'));
  expect(await stage.exited).toMatchObject({ code: null, signal: 'SIGTERM' });
});

it('one that does not hear SIGTERM is killed', async () => {
  const stage = startStage({ ...shell(`trap '' TERM; echo ready; while :; do sleep 0.1; done`), stdout: 'pipe' });
  let ready = '';
  stage.stdout?.on('data', (chunk: Buffer) => (ready += chunk.toString()));
  await until('the trap is set', () => ready !== '');
  stage.stop();
  expect(await stage.exited).toMatchObject({ signal: 'SIGKILL' });
}, 30_000);

it('what it started and left behind does not keep the run waiting', async () => {
  const exit = await startStage(shell('sleep 300 & echo $! >&2; exit 3')).exited;
  expect(exit.code).toBe(3);
  process.kill(Number(exit.lastWords), 'SIGKILL');
}, 30_000);

it('two stages are joined without their bytes passing through us, and both ends are seen', async () => {
  const counter = startStage({ ...shell('wc -c'), stdin: 'pipe', stdout: 'pipe' });
  const producer = startStage({ ...shell('head -c 3000000 /dev/zero'), stdout: counter });
  let counted = '';
  counter.stdout?.on('data', (chunk: Buffer) => (counted += chunk.toString()));
  expect(await producer.exited).toMatchObject({ code: 0 });
  expect(await counter.exited).toMatchObject({ code: 0 });
  expect(counted.trim()).toBe('3000000');
  expect(producer.stdout).toBeNull();
});

it('a reader that dies ends the writer, and the reader is blamed', async () => {
  const reader = startStage({ ...shell('head -c 10 >/dev/null; echo full >&2; exit 5'), stdin: 'pipe' });
  const writer = startStage({ ...shell('exec cat /dev/zero'), stdout: reader });
  const exits = await Promise.all([writer.exited, reader.exited]);
  expect(exits[0]).toMatchObject({ signal: 'SIGPIPE' });
  const error = await failureOf(Promise.resolve().then(() => requireSuccess(exits, failure, going())));
  expect(error.message).toBe('sh ended with exit code 5');
});

it('the reason of a stop goes before what it made of the processes', async () => {
  const exit = await startStage(shell('exit 1')).exited;
  const reason = new BackupError('deadline-exceeded', 'too late');
  expect(() => requireSuccess([exit], failure, AbortSignal.abort(reason))).toThrow(reason);
});

it('of what it says only the end is kept', async () => {
  const exit = await startStage(shell('head -c 200000 /dev/zero | tr "\\0" x >&2; echo the end >&2; exit 1')).exited;
  expect(exit.lastWords.length).toBe(16 * 1024);
  expect(exit.lastWords.endsWith('xthe end\n')).toBe(true);
});

it('what it prints is given whole, or refused when it is too much', async () => {
  const { stdin: _stdin, stdout: _stdout, ...options } = shell('printf hello');
  expect(await runStage({ ...options, failure })).toBe('hello');
  const endless = { ...options, args: ['-c', 'exec cat /dev/zero'], maxBytes: 1000, failure };
  expect((await failureOf(runStage(endless))).message).toMatch(/more than 1000 bytes/);
});

it('nothing of our environment is inherited', async () => {
  process.env.POSTGRES_BACKUP_TEST_SECRET = 'secret';
  const { stdin: _stdin, stdout: _stdout, ...options } = shell('env');
  expect(await runStage({ ...options, failure })).not.toContain('secret');
  delete process.env.POSTGRES_BACKUP_TEST_SECRET;
});
