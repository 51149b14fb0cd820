import fc from 'fast-check';
import { logLine } from '../../../runtime/observe/log-line';
import { logReporter } from '../../../runtime/observe/log-reporter';

const NOW = new Date('2026-11-20T02:10:03Z');
const EMF = '{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"BackupSucceeded":1}';

/** Every piece of the log that a collector could take for an event: whole lines, and lines cut at 16 KiB. */
function events(log: string): string[] {
  return log.split(/\r\n|[\n\r\u2028\u2029\u0085]/).flatMap((line) => {
    const bytes = Buffer.from(line);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 16_384) }, (_, index) =>
      bytes.subarray(index * 16_384, (index + 1) * 16_384).toString(),
    );
    return pieces.length > 1 ? [line, ...pieces] : [line];
  });
}

function looksLikeAMetric(event: string): boolean {
  try {
    const value: unknown = JSON.parse(event);
    return typeof value === 'object' && value !== null && '_aws' in value;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return false;
    throw thrown;
  }
}

test('an event is one line of JSON with its time', () => {
  expect(logLine(NOW, { level: 'info', event: 'run', message: 'orders' })).toBe(
    '{"time":"2026-11-20T02:10:03.000Z","level":"info","event":"run","message":"orders"}\n',
  );
});

test('a table named like a metric, on a line of its own, forges neither a line nor a metric', () => {
  const written: string[] = [];
  const reporter = logReporter(
    { write: (text) => written.push(text) },
    () => 0,
    () => NOW,
  );
  for (const name of [EMF, `x\n${EMF}`, `x"}\n${EMF}\n{"y":"`, `\u2028${EMF}\u2028`, `\u0085${EMF}\r`]) {
    reporter.headline(name);
    reporter.warn(name);
    const step = reporter.begin(name, { detail: name });
    step.detail(name);
    step.done(name);
    reporter.begin(name).failed(name);
  }
  const log = written.join('');
  expect(events(EMF).filter(looksLikeAMetric)).toHaveLength(1);
  expect(events(log).filter(looksLikeAMetric)).toEqual([]);
  expect(log.trimEnd().split('\n')).toHaveLength(5 * 6);
});

test('no text of any field makes a second line or a metric', () => {
  const hostile = fc
    .array(fc.oneof(fc.constantFrom(EMF, '\n', '"', '\\', '}', '{', '\u2028', '\ud800'), fc.string({ unit: 'binary' })))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(hostile, hostile, (step, reason) => {
      const line = logLine(NOW, { level: 'error', event: 'step-failed', step, reason });
      expect(events(line).filter(looksLikeAMetric)).toEqual([]);
      expect(events(line)).toHaveLength(2);
      expect(JSON.parse(line)).toMatchObject({ event: 'step-failed' });
    }),
  );
});

test('a line stays below the length at which a container’s log is cut, and says what it left out', () => {
  const long = '\u202e'.repeat(100_000);
  const line = logLine(NOW, { level: 'error', event: 'error', message: long });
  expect(Buffer.byteLength(line)).toBeLessThan(16_384);
  expect(line).toContain('98500 characters left out');
});
