import fc from 'fast-check';
import { evaluateAlarm, type AlarmState } from '../../../../dev/aws/watch/alarm';
import { MetricStore } from '../../../../dev/aws/watch/metric-store';

const NOW = new Date('2026-11-20T02:00:00Z');
const ALARM = {
  Namespace: 'Shop',
  MetricName: 'Age',
  Dimensions: [{ Name: 'Source', Value: 'orders' }],
  Statistic: 'Maximum',
  Period: 300,
  Unit: 'Seconds',
  EvaluationPeriods: 1,
  Threshold: 10,
  ComparisonOperator: 'GreaterThanThreshold',
};

/** Datapoints from the oldest to the newest: `X` breaches, `0` does not, `-` is missing. */
function metrics(datapoints: string, name = 'Age'): MetricStore {
  const store = new MetricStore();
  const marks = datapoints.split(' ');
  for (const [index, mark] of marks.entries()) {
    if (mark === '-') continue;
    const at = new Date(NOW.getTime() - (marks.length - index) * 300_000 + 1000);
    store.put('Shop', name, { Source: 'orders' }, at, mark === 'X' ? 11 : 10, 'Seconds');
  }
  return store;
}

function states(datapoints: string, properties: Record<string, unknown>, previous?: AlarmState): string[] {
  const treatments = ['missing', 'ignore', 'breaching', 'notBreaching'];
  const of = (TreatMissingData: string) =>
    evaluateAlarm({ ...ALARM, ...properties, TreatMissingData }, metrics(datapoints), NOW, previous).state;
  return treatments.map(of);
}

describe('the state of an alarm', () => {
  // From the guide of CloudWatch: how it treats missing data. `retained` is whatever state it was in.
  it.each([
    ['0 - X - X', 3, 3, ['OK', 'OK', 'OK', 'OK']],
    ['- - - - 0', 3, 3, ['OK', 'OK', 'OK', 'OK']],
    ['- - - - -', 3, 3, ['INSUFFICIENT_DATA', 'retained', 'ALARM', 'OK']],
    ['0 X X - X', 3, 3, ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['- - X - -', 3, 3, ['ALARM', 'retained', 'ALARM', 'OK']],
    ['0 - X - X', 3, 2, ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 0 X 0 X', 3, 2, ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 - X - -', 3, 2, ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - - 0', 3, 2, ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - X -', 3, 2, ['ALARM', 'retained', 'ALARM', 'OK']],
  ])('with %s, %i periods of which %i alarm', (datapoints, EvaluationPeriods, DatapointsToAlarm, expected) => {
    for (const previous of ['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const) {
      const wanted = expected.map((state) => (state === 'retained' ? previous : state));
      expect(states(datapoints, { EvaluationPeriods, DatapointsToAlarm }, previous)).toEqual(wanted);
    }
  });

  it.each([
    ['GreaterThanThreshold', ['OK', 'OK', 'ALARM']],
    ['GreaterThanOrEqualToThreshold', ['OK', 'ALARM', 'ALARM']],
    ['LessThanThreshold', ['ALARM', 'OK', 'OK']],
    ['LessThanOrEqualToThreshold', ['ALARM', 'ALARM', 'OK']],
  ])('by %s', (ComparisonOperator, expected) => {
    const found = [9, 10, 11].map((value) => {
      const store = new MetricStore();
      store.put('Shop', 'Age', { Source: 'orders' }, new Date(NOW.getTime() - 1000), value, 'Seconds');
      return evaluateAlarm({ ...ALARM, ComparisonOperator }, store, NOW).state;
    });
    expect(found).toEqual(expected);
  });

  it('looks at the periods that end now, and at nothing of the minute that begins', () => {
    const store = new MetricStore();
    const put = (at: string, value: number) =>
      store.put('Shop', 'Age', { Source: 'orders' }, new Date(at), value, 'Seconds');
    put('2026-11-20T01:55:00Z', 11);
    put('2026-11-20T02:00:00Z', 0);
    const state = (at: string) => evaluateAlarm(ALARM, store, new Date(at)).state;
    expect(state('2026-11-20T02:00:00Z')).toBe('ALARM');
    expect(state('2026-11-20T02:01:00Z')).toBe('OK');
  });

  it('looks back two periods further for a datapoint that is missing, then takes silence for what it is told to', () => {
    const of = (datapoints: string) => states(datapoints, {})[2];
    expect([of('0'), of('0 -'), of('0 - -'), of('0 - - -')]).toEqual(['OK', 'OK', 'OK', 'ALARM']);
  });

  it('goes by its unit: what was put in another is missing', () => {
    expect(evaluateAlarm({ ...ALARM, Unit: 'Count' }, metrics('X'), NOW).state).toBe('INSUFFICIENT_DATA');
    expect(evaluateAlarm({ ...ALARM, Unit: undefined, TreatMissingData: undefined }, metrics('X'), NOW).state).toBe(
      'ALARM',
    );
  });

  it('of metric math: no datapoint where one of its metrics has none', () => {
    const Metric = { Namespace: 'Shop', MetricName: 'Age', Dimensions: ALARM.Dimensions };
    const stat = (Id: string, MetricName: string) => ({
      Id,
      ReturnData: false,
      MetricStat: { Metric: { ...Metric, MetricName }, Period: 300, Stat: 'Sum' },
    });
    const properties = {
      Metrics: [
        { Id: 'expr_1', Expression: 'invocations - errors' },
        stat('invocations', 'Age'),
        stat('errors', 'Errors'),
      ],
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    };
    const store = metrics('X');
    expect(evaluateAlarm(properties, store, NOW).state).toBe('ALARM');
    store.put('Shop', 'Errors', { Source: 'orders' }, new Date(NOW.getTime() - 1000), 10);
    expect(evaluateAlarm(properties, store, NOW)).toEqual({
      state: 'OK',
      reason: '1 against LessThanThreshold 1; 0 missing',
    });
    store.put('Shop', 'Errors', { Source: 'orders' }, new Date(NOW.getTime() - 1000), 1);
    expect(evaluateAlarm(properties, store, NOW).state).toBe('ALARM');
  });

  it.each([
    [{ ThresholdMetricId: 'band' }, 'ThresholdMetricId is not known'],
    [{ ComparisonOperator: 'GreaterThanUpperThreshold' }, 'GreaterThanUpperThreshold is not known'],
    [{ TreatMissingData: 'BREACHING' }, 'TreatMissingData is "BREACHING"'],
    [{ Threshold: { Ref: 'Limit' } }, 'Threshold is {"Ref":"Limit"}'],
    [{ EvaluationPeriods: 0 }, 'EvaluationPeriods is 0'],
    [{ Statistic: undefined }, 'Statistic is undefined'],
  ])('refuses what it does not understand: %j', (properties, problem) => {
    expect(() => evaluateAlarm({ ...ALARM, ...properties }, new MetricStore(), NOW)).toThrow(problem);
  });

  it('never goes off, where silence is good, but by a datapoint that breaches; and is never OK without one that does not, where silence is bad', () => {
    const marks = fc.array(fc.constantFrom('0', 'X', '-'), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(marks, fc.integer({ min: 1, max: 3 }), (datapoints, EvaluationPeriods) => {
        const [, , breaching, notBreaching] = states(datapoints.join(' '), { EvaluationPeriods });
        if (!datapoints.includes('X')) expect(notBreaching).toBe('OK');
        if (!datapoints.includes('0')) expect(breaching).toBe('ALARM');
        if (notBreaching === 'ALARM') expect(breaching).toBe('ALARM');
      }),
      { seed: 20261120 },
    );
  });
});
