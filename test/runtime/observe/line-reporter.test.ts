import { lineReporter } from '../../../runtime/observe/line-reporter';

function told() {
  const time = { ms: 0 };
  const lines: string[] = [];
  const reporter = lineReporter({ write: (text) => lines.push(text) }, () => time.ms);
  return { time, lines, reporter };
}

test('in a pipe the same story is told in plain lines', () => {
  const { time, lines, reporter } = told();
  reporter.headline('orders 20261120T021003Z-4k2m9x · 1.9 GB');
  const schema = reporter.begin('schema');
  time.ms += 800;
  schema.done('218 objects');
  const data = reporter.begin('data', { totalBytes: 1_900_000_000 });
  for (let second = 0; second < 40; second += 1) {
    time.ms += 1000;
    data.advance(41_000_000);
    data.detail('public.customers');
  }
  data.done('1.9 GB');
  reporter.warn('one table was left out');
  reporter.begin('comparing', { detail: 'row counts of 143 tables' }).failed('2 differ');
  reporter.close();
  expect(lines.join('')).toMatchInlineSnapshot(`
   "orders 20261120T021003Z-4k2m9x · 1.9 GB
   schema …
   schema: 218 objects, 0.8 s
   data …
   data: 32 %  615 MB of 1.9 GB  41 MB/s, 32 s left
   data: 64 %  1.2 of 1.9 GB  41 MB/s, 17 s left
   data: 1.9 GB, 40 s
   warning: one table was left out
   comparing: row counts of 143 tables …
   comparing: failed after 0.0 s: 2 differ
   "
  `);
});

test('no name begins a line of its own or colours one', () => {
  const { lines, reporter } = told();
  reporter.begin('a\nrestored: 143 of 143 tables', { detail: '\x1b[32m' }).failed('\r\nrestored: all');
  reporter.warn('x\nrestored: all');
  expect(lines).toHaveLength(3);
  expect(lines.every((line) => /^\P{Cc}*\n$/u.test(line))).toBe(true);
});
