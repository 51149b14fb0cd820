import { EmfReader } from '../../../../dev/aws/watch/emf';
import { evaluateExpression } from '../../../../dev/aws/watch/metric-math';
import { MetricStore } from '../../../../dev/aws/watch/metric-store';
import { metricLine } from '../../../../runtime/observe/metrics';

const START = new Date('2026-11-20T02:00:00Z');
const minute = (count: number) => new Date(START.getTime() + count * 60_000);
const QUERY = {
  namespace: 'Shop',
  name: 'Age',
  dimensions: { Source: 'orders', Component: 'dump' },
  periodSeconds: 300,
};

describe('metrics as CloudWatch keeps them', () => {
  it('gives a statistic over each period in which there was anything', () => {
    const store = new MetricStore();
    for (const [at, value] of [
      [6, 4],
      [1, 3],
      [0, 1],
      [15, 9],
      [7, 8],
    ] as const) {
      store.put('Shop', 'Age', { Component: 'dump', Source: 'orders' }, minute(at), value, 'Seconds');
    }
    const over = (statistic: string) =>
      store.statistics({ ...QUERY, statistic }, START, minute(20)).map(({ value }) => value);
    expect(over('Sum')).toEqual([4, 12, 9]);
    expect(over('Minimum')).toEqual([1, 4, 9]);
    expect(over('Maximum')).toEqual([3, 8, 9]);
    expect(over('Average')).toEqual([2, 6, 9]);
    expect(over('SampleCount')).toEqual([2, 2, 1]);
    expect(over('p50')).toEqual([2, 6, 9]);
    expect(over('p100')).toEqual([3, 8, 9]);
    expect(store.statistics({ ...QUERY, statistic: 'Sum' }, START, minute(20)).map(({ at }) => at)).toEqual([
      START,
      minute(5),
      minute(15),
    ]);
  });

  it('holds no metric for another: name, namespace, each dimension and a stated unit tell them apart', () => {
    const store = new MetricStore();
    store.put('Shop', 'Age', { Source: 'orders' }, START, 1);
    store.put('Shop', 'Age', { Source: 'orders', Component: 'wal' }, START, 2);
    store.put('Store', 'Age', QUERY.dimensions, START, 3);
    store.put('Shop', 'Age', QUERY.dimensions, START, [4, 5], 'Seconds');
    store.put('Shop', 'Age', QUERY.dimensions, START, 6, 'Count');
    const sum = (unit?: string) => store.statistics({ ...QUERY, statistic: 'Sum', unit }, START, minute(5))[0]?.value;
    expect([sum(), sum('Seconds'), sum('Count'), sum('Bytes')]).toEqual([15, 9, 6, undefined]);
    expect(store.identities()).toHaveLength(4);
  });

  it('refuses what is no datum', () => {
    const store = new MetricStore();
    expect(() => store.put('Shop', 'Age', {}, START, NaN)).toThrow('metric Age is NaN');
    expect(() => store.put('Shop', 'Age', {}, new Date(NaN), 1)).toThrow('has no time');
    expect(() => store.put('Shop', '', {}, START, 1)).toThrow('a name');
    expect(() => store.statistics({ ...QUERY, statistic: 'Median' }, START, minute(5))).toThrow('Median is not known');
  });
});

describe('metrics in a log', () => {
  const line = metricLine(START, {
    source: 'orders',
    component: 'dump',
    values: { newestAge: 3600, lastRunFailed: 0 },
  });

  function read(...pieces: string[]): EmfReader & { found: unknown[] } {
    const found: unknown[] = [];
    const reader = new EmfReader({ put: (...args) => void found.push(args) });
    for (const piece of pieces) reader.write(piece);
    return Object.assign(reader, { found });
  }

  it('are read as our program writes them, however the log comes in pieces', () => {
    const dimensions = { Source: 'orders', Component: 'dump' };
    const expected = [
      ['PostgresBackup', 'NewestBackupAge', dimensions, START, [3600], 'Seconds'],
      ['PostgresBackup', 'LastRunFailed', dimensions, START, [0], 'Count'],
    ];
    expect(read(line).found).toEqual(expected);
    expect(read(...Array.from(`{"event":"run"}\n${line}text\n`)).found).toEqual(expected);
  });

  it('are none where a line is not wholly one document, or has no end', () => {
    expect(read(line.slice(0, -1)).found).toEqual([]);
    expect(read(`NOTICE: table ${line}`).found).toEqual([]);
    expect(read(`${line.slice(0, -1)} and more\n`).found).toEqual([]);
    expect(read(`[${line.slice(0, -1)}]\n`).found).toEqual([]);
    expect(read(`${JSON.stringify({ message: line })}\n`).found).toEqual([]);
  });

  it('are dropped, and that is known, where they are not right', () => {
    const reader = read(`${line.replace(':3600', ':"3600"')}`, `${line.replace(':"orders"', ':""')}`, '{"_aws":{}}\n');
    expect(reader.found).toEqual([]);
    expect(reader.refused.map((reason) => reason.split(':')[0])).toEqual([
      'metric NewestBackupAge is "3600"',
      'dimension Source has no value',
      '_aws has no Timestamp, or no CloudWatchMetrics',
    ]);
  });
});

describe('metric math', () => {
  const values: Record<string, number | undefined> = { a: 6, b: 3, none: undefined };
  const value = (expression: string) => evaluateExpression(expression, (id) => values[id]);

  it.each([
    ['a', 6],
    ['a - b', 3],
    ['a-b-1', 2],
    ['a + b * 2', 12],
    ['(a + b) * 2 / -b', -6],
    ['a - none', undefined],
    ['a - FILL(none, 0)', 6],
    ['FILL(a, 0)', 6],
    ['a / (b - 3)', undefined],
  ])('%s', (expression, expected) => expect(value(expression)).toBe(expected));

  it.each(['SUM(METRICS())', 'a -', 'a b', 'FILL(a)', 'a > b'])('refuses what is not known here: %s', (expression) => {
    expect(() => value(expression)).toThrow('is not known to the evaluator');
  });
});
