import { logReporter } from '../../../runtime/observe/log-reporter';

test('a task’s log has one event a line: begun, how far each minute, and done with its figures', () => {
  const time = { ms: 0 };
  const lines: string[] = [];
  const reporter = logReporter(
    { write: (text) => lines.push(text) },
    () => time.ms,
    () => new Date(Date.UTC(2026, 10, 20, 2, 10) + time.ms),
  );
  const step = reporter.begin('data', { totalBytes: 8_000_000_000, detail: 'orders' });
  for (let second = 0; second < 130; second += 1) {
    time.ms += 1000;
    step.advance(41_000_000);
  }
  step.done('8 archives');
  reporter.begin('comparing').failed('2 differ');
  reporter.close();
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      time: '2026-11-20T02:10:00.000Z',
      level: 'info',
      event: 'step-begun',
      step: 'data',
      detail: 'orders',
      totalBytes: 8e9,
    },
    {
      time: '2026-11-20T02:11:00.000Z',
      level: 'info',
      event: 'step-progress',
      step: 'data',
      doneBytes: 2_460_000_000,
      totalBytes: 8e9,
      percent: 30,
      bytesPerSecond: 41_000_000,
    },
    expect.objectContaining({ event: 'step-progress', percent: 61 }),
    {
      time: '2026-11-20T02:12:10.000Z',
      level: 'info',
      event: 'step-done',
      step: 'data',
      summary: '8 archives',
      durationMs: 130_000,
      doneBytes: 5_330_000_000,
    },
    expect.objectContaining({ level: 'info', event: 'step-begun', step: 'comparing' }),
    expect.objectContaining({ level: 'error', event: 'step-failed', step: 'comparing', reason: '2 differ' }),
  ]);
});
