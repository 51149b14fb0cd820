import { EventEmitter } from 'node:events';
import { BackupError } from '../../../runtime/errors';
import { limitRun, type StopSignal } from '../../../runtime/cli/run-limits';
import { runCli, TARGET, untilAborted } from './support/harness';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

function limited(deadlineMs = 7_200_000) {
  const signals = new EventEmitter<Record<StopSignal, [StopSignal]>>();
  const stopping: BackupError[] = [];
  const givenUp: BackupError[] = [];
  const limits = limitRun({
    deadlineMs,
    signals,
    stopping: (error) => void stopping.push(error),
    giveUp: (error) => void givenUp.push(error),
  });
  return { signals, stopping, givenUp, limits, send: (signal: StopSignal) => signals.emit(signal, signal) };
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s tells the run to stop, with the reason', (signal) => {
  const { limits, send, stopping, givenUp } = limited();
  send(signal);
  expect(limits.signal.aborted).toBe(true);
  expect(limits.signal.reason).toMatchObject({ code: 'terminated', message: `stopped by ${signal}`, exitCode: 1 });
  expect(stopping).toHaveLength(1);
  expect(givenUp).toEqual([]);
});

test('at the deadline the run is told to stop, and how long it had', () => {
  const { limits, stopping } = limited();
  jest.advanceTimersByTime(7_199_999);
  expect(limits.signal.aborted).toBe(false);
  jest.advanceTimersByTime(1);
  expect(limits.signal.reason).toMatchObject({ code: 'deadline-exceeded', message: 'not finished after 2 h' });
  expect(stopping).toHaveLength(1);
});

test.each(['SIGTERM', 'deadline'] as const)('25 s after a stop by %s the run is given up, and not before', (by) => {
  const { limits, givenUp, send } = limited();
  if (by === 'SIGTERM') send('SIGTERM');
  else jest.advanceTimersByTime(7_200_000);
  jest.advanceTimersByTime(24_999);
  expect(givenUp).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(givenUp).toEqual([expect.objectContaining({ code: (limits.signal.reason as BackupError).code, exitCode: 1 })]);
  expect(givenUp[0].message).toContain('did not end within 25 s');
});

test('Ctrl-C twice gives up at once; SIGTERM twice still cleans up', () => {
  const twice = limited();
  twice.send('SIGINT');
  twice.send('SIGINT');
  expect(twice.givenUp).toEqual([expect.objectContaining({ code: 'terminated' })]);
  const patient = limited();
  patient.send('SIGTERM');
  patient.send('SIGTERM');
  expect(patient.givenUp).toEqual([]);
  expect(patient.stopping).toHaveLength(1);
});

test('a run that has ended is stopped by nothing any more', () => {
  const { limits, signals, givenUp, stopping, send } = limited();
  limits.release();
  send('SIGTERM');
  jest.advanceTimersByTime(10_000_000);
  expect(limits.signal.aborted).toBe(false);
  expect([...givenUp, ...stopping]).toEqual([]);
  expect(signals.eventNames()).toEqual([]);
  expect(jest.getTimerCount()).toBe(0);
});

test('a dump that is stopped tells so at once, counts as failed and ends with 1', async () => {
  const signals = new EventEmitter<Record<StopSignal, [StopSignal]>>();
  const running = runCli(['backup', 'dump', ...TARGET], {
    signals,
    env: { POSTGRES_BACKUP_LOG: 'json' },
    dump: { backup: (_request, context) => untilAborted(context) },
  });
  signals.emit('SIGTERM', 'SIGTERM');
  const ran = await running;
  expect(ran.exitCode).toBe(1);
  expect(ran.stdout).toContain('"BackupFailed":1');
  const [, stopping, error] = ran.stderr.split('\n').filter(Boolean);
  expect(JSON.parse(stopping)).toMatchObject({ level: 'warning', message: 'stopped by SIGTERM; cleaning up' });
  expect(JSON.parse(error)).toMatchObject({ level: 'error', code: 'terminated' });
});

test('what fails because of the stop is told as the stop, with the failure as its detail', async () => {
  const signals = new EventEmitter<Record<StopSignal, [StopSignal]>>();
  const running = runCli(['backup', 'dump', ...TARGET, '--deadline', '2h'], {
    dump: {
      backup: (_request, { signal }) =>
        new Promise((_resolve, reject) => {
          const killed = new BackupError('dump-failed', 'pg_dump was ended by SIGTERM');
          signal.addEventListener('abort', () => reject(killed));
        }),
    },
    signals,
  });
  jest.advanceTimersByTime(7_200_000);
  const ran = await running;
  expect(ran.exitCode).toBe(1);
  expect(ran.stderr).toContain('error: not finished after 2 h\n  pg_dump was ended by SIGTERM\n  hint: ');
});

test('a dump that does not stop is ended all the same, counted as failed and told', async () => {
  const signals = new EventEmitter<Record<StopSignal, [StopSignal]>>();
  let giveIn: (error: Error) => void = () => undefined;
  let writtenAtExit = '';
  const running = runCli(['backup', 'dump', ...TARGET], {
    signals,
    env: { POSTGRES_BACKUP_LOG: 'json' },
    dump: { backup: () => new Promise((_resolve, reject) => (giveIn = reject)) },
    onExit: ({ stdout }) => (writtenAtExit = stdout),
  });
  signals.emit('SIGTERM', 'SIGTERM');
  jest.advanceTimersByTime(25_000);
  giveIn(new Error('the process would have ended before'));
  const ran = await running;
  expect(ran.exits).toEqual([1]);
  expect(writtenAtExit).toContain('"BackupFailed":1');
  expect(ran.stderr).toContain('clean-up did not end within 25 s');
});

test('what was made in spite of a stop that came too late is good', async () => {
  const signals = new EventEmitter<Record<StopSignal, [StopSignal]>>();
  const running = runCli(['verify', 'latest', ...TARGET], {
    signals,
    verifyPoint: async (point, depth) => {
      signals.emit('SIGTERM', 'SIGTERM');
      const object = { key: 'k', sizeBytes: 1, outcome: 'passed', finding: 'equal' } as const;
      const { point: id, source } = point.manifest;
      return { outcome: 'passed', point: id, source, depth, objects: [object], durationMs: 1 };
    },
  });
  expect((await running).exitCode).toBe(0);
});

test.each(['passed', 'failed'] as const)('after a run that %s, no signal and no timer is left', async (outcome) => {
  const signals = new EventEmitter<Record<StopSignal, [StopSignal]>>();
  const failed = () => Promise.reject(new BackupError('dump-failed', 'no'));
  await runCli(['backup', 'dump', ...TARGET], { signals, dump: outcome === 'failed' ? { backup: failed } : {} });
  expect(signals.eventNames()).toEqual([]);
  expect(jest.getTimerCount()).toBe(0);
});
