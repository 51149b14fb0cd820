import { plainStyle, styleFor } from '../../../runtime/observe/style';
import { terminalReporter } from '../../../runtime/observe/terminal-reporter';
import { Screen } from './support/screen';

function onScreen(columns: number, rows?: number) {
  const screen = new Screen(columns, rows);
  const time = { ms: 0 };
  return { screen, time, reporter: terminalReporter(screen, () => time.ms, plainStyle) };
}

/** 41 MB a second up to this many seconds. */
function stream(step: { advance(bytes: number): void }, time: { ms: number }, seconds: number): void {
  for (const end = time.ms + seconds * 1000; time.ms < end;) {
    time.ms += 100;
    step.advance(4_100_000);
  }
}

test('a restore under way reads as in the guide', () => {
  const { screen, time, reporter } = onScreen(100);
  reporter.headline('orders 20261120T021003Z-4k2m9x · taken 42 min ago from PostgreSQL 17.12 · 1.9 GB');
  const schema = reporter.begin('schema');
  time.ms += 812;
  schema.done('218 objects');
  const data = reporter.begin('data', { totalBytes: 1_900_000_000 });
  stream(data, time, 28);
  expect(screen.text).toMatchInlineSnapshot(`
   "orders 20261120T021003Z-4k2m9x · taken 42 min ago from PostgreSQL 17.12 · 1.9 GB
     schema                218 objects               0.8 s
     data                  ██████████████▍           60 %  1.1 of 1.9 GB     41 MB/s, 19 s left"
  `);
  data.done('1.9 GB');
  reporter.close();
  expect(screen.text).toMatchInlineSnapshot(`
   "orders 20261120T021003Z-4k2m9x · taken 42 min ago from PostgreSQL 17.12 · 1.9 GB
     schema                218 objects               0.8 s
     data                  1.9 GB                    28 s"
  `);
});

test('steps that run at once are drawn below each other, and what is finished or warned of stays above', () => {
  const { screen, time, reporter } = onScreen(100);
  const first = reporter.begin('orders 1 of 2', { totalBytes: 1_000_000 });
  const second = reporter.begin('orders 2 of 2', { detail: 'public.customers' });
  time.ms += 500;
  first.advance(500_000);
  reporter.warn('client 17.11 has known holes');
  time.ms += 500;
  first.done('1.0 MB');
  second.failed('table locked');
  expect(screen.text).toMatchInlineSnapshot(`
   "warning: client 17.11 has known holes
     orders 1 of 2         1.0 MB                    1.0 s
     orders 2 of 2         failed  table locked"
  `);
});

test.each([20, 40, 60, 80, 89, 90, 200])('no line wraps in %d columns, and the story is still told once', (columns) => {
  const { screen, time, reporter } = onScreen(columns);
  const step = reporter.begin('data', { totalBytes: 1_900_000_000, detail: '注文'.repeat(60) });
  stream(step, time, 10);
  expect(screen.text.split('\n')).toHaveLength(1);
  expect(screen.text).toContain('data');
  expect(screen.text.includes('█')).toBe(columns >= 90);
  expect(Array.from(screen.text).length).toBeLessThanOrEqual(columns);
});

test('more steps at once than the screen has lines are counted, not drawn', () => {
  const { screen, reporter, time } = onScreen(80, 8);
  const steps = Array.from({ length: 20 }, (_, index) => reporter.begin(`table ${index}`));
  time.ms += 1000;
  steps[0].advance(1);
  expect(screen.text.split('\n')).toHaveLength(7);
  expect(screen.text).toContain('and 14 more');
  steps.forEach((step) => step.done());
  expect(screen.text.split('\n')).toHaveLength(20);
});

test('many small advances draw only ten times a second', () => {
  const { screen, time, reporter } = onScreen(80);
  const step = reporter.begin('data', { totalBytes: 1e6 });
  for (let count = 0; count < 20_000; count += 1) {
    time.ms += 0.1;
    step.advance(1);
  }
  expect(screen.writes).toBeLessThanOrEqual(22);
});

test('a table’s name cannot steer the terminal', () => {
  const { screen, time, reporter } = onScreen(120);
  const step = reporter.begin('data\x1b[2J', { detail: 'public.\x1b]0;title\x07\nx' });
  time.ms += 1000;
  step.detail('\x9b2J\u202e');
  expect(screen.text).toContain('data\\x1b[2J');
  expect(screen.text).toContain('\\x9b2J\\u202e');
  expect(() => step.failed('\x1b[31mred')).not.toThrow();
  expect(screen.text).toContain('\\x1b[31mred');
});

test('a step that ends twice is told once', () => {
  const { screen, reporter } = onScreen(80);
  const step = reporter.begin('schema');
  step.failed('no');
  step.done('yes');
  expect(screen.text).not.toContain('yes');
});

test('a total that was guessed too small never reads above 100 %', () => {
  const { screen, time, reporter } = onScreen(100);
  const step = reporter.begin('data', { totalBytes: 1_000_000 });
  stream(step, time, 5);
  expect(screen.text).toContain('100 %');
  expect(screen.text).not.toContain('left');
});

test('what was cut off by a failure elsewhere stays to be read', () => {
  const { screen, time, reporter } = onScreen(100);
  const step = reporter.begin('data', { totalBytes: 100_000_000 });
  stream(step, time, 1);
  reporter.close();
  screen.write('error: the server went away\n');
  expect(screen.text.split('\n')).toEqual([expect.stringContaining('41 %'), 'error: the server went away']);
});

test('colours are drawn around the bar, not counted in it', () => {
  const coloured = styleFor({ write: () => true, isTTY: true, getColorDepth: () => 8 }, {});
  const plain = onScreen(100);
  const screen = new Screen(100);
  const reporter = terminalReporter(screen, () => plain.time.ms, coloured);
  const steps = [plain.reporter, reporter].map((each) => each.begin('data', { totalBytes: 1_000_000_000 }));
  plain.time.ms = 2000;
  steps.forEach((step) => step.advance(500_000_000));
  expect(screen.colours).toBeGreaterThan(0);
  expect(plain.screen.colours).toBe(0);
  expect(screen.text).toBe(plain.screen.text);
});
