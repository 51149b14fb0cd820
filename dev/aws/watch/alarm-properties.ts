/** An alarm as its template states it (`AWS::CloudWatch::Alarm`), resolved: no functions of CloudFormation are left in it. */
import type { MetricQuery } from './metric-store';

export type TreatMissingData = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

/** What is evaluated. */
export interface AlarmRule {
  /** Every series that is read, by its id; an alarm on one metric has one. */
  readonly series: ReadonlyMap<string, MetricQuery>;
  /** An expression over the ids; of an alarm on one metric, its id. */
  readonly expression: string;
  readonly periodSeconds: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  readonly isBreaching: (value: number) => boolean;
  readonly comparison: string;
  readonly treatMissingData: TreatMissingData;
}

type Properties = Readonly<Record<string, unknown>>;

/** Throws a RangeError for what is missing, or is not known here: an alarm that is half understood would be wrong in silence. */
export function readAlarm(properties: Properties): AlarmRule {
  for (const name of Object.keys(properties)) {
    if (!KNOWN.has(name)) throw new RangeError(`alarm property ${name} is not known to the evaluator`);
  }
  const { series, expression } = Array.isArray(properties.Metrics)
    ? metricsOf(properties.Metrics as Properties[])
    : singleMetric(properties);
  const evaluationPeriods = count(properties, 'EvaluationPeriods');
  const comparison = text(properties, 'ComparisonOperator');
  const compare = COMPARISONS[comparison];
  if (!compare) throw new RangeError(`ComparisonOperator ${comparison} is not known to the evaluator`);
  const threshold = number(properties, 'Threshold');
  return {
    series,
    expression,
    periodSeconds: commonPeriod([...series.values()]),
    evaluationPeriods,
    datapointsToAlarm:
      properties.DatapointsToAlarm === undefined ? evaluationPeriods : count(properties, 'DatapointsToAlarm'),
    threshold,
    comparison,
    isBreaching: (value) => compare(value, threshold),
    treatMissingData: treatmentOf(properties.TreatMissingData),
  };
}

const KNOWN = new Set([
  ...[
    'ActionsEnabled',
    'AlarmActions',
    'OKActions',
    'InsufficientDataActions',
    'AlarmDescription',
    'AlarmName',
    'Tags',
  ],
  ...['Namespace', 'MetricName', 'Dimensions', 'Statistic', 'ExtendedStatistic', 'Period', 'Unit', 'Metrics'],
  ...['EvaluationPeriods', 'DatapointsToAlarm', 'Threshold', 'ComparisonOperator', 'TreatMissingData'],
]);

const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

const TREATMENTS: readonly unknown[] = ['missing', 'ignore', 'breaching', 'notBreaching'] satisfies TreatMissingData[];

function treatmentOf(value: unknown): TreatMissingData {
  if (value === undefined) return 'missing';
  if (!TREATMENTS.includes(value)) throw new RangeError(`TreatMissingData is ${JSON.stringify(value)}`);
  return value as TreatMissingData;
}

function singleMetric(properties: Properties): Pick<AlarmRule, 'series' | 'expression'> {
  const statistic = properties.ExtendedStatistic ?? properties.Statistic;
  return {
    series: new Map([['m1', queryOf(properties, properties.Period, statistic, properties.Unit)]]),
    expression: 'm1',
  };
}

/** Exactly one of them gives what is compared with the threshold. */
function metricsOf(metrics: readonly Properties[]): Pick<AlarmRule, 'series' | 'expression'> {
  const series = new Map<string, MetricQuery>();
  const returned = metrics.filter(({ ReturnData }) => ReturnData !== false);
  if (returned.length !== 1) throw new RangeError(`${returned.length} of the alarm's Metrics return data, not one`);
  for (const metric of metrics) {
    const stat = metric.MetricStat as Properties | undefined;
    if (stat) series.set(text(metric, 'Id'), queryOf(stat.Metric as Properties, stat.Period, stat.Stat, stat.Unit));
    else if (metric !== returned[0]) throw new RangeError('an expression of expressions is not known to the evaluator');
  }
  return { series, expression: returned[0].MetricStat ? text(returned[0], 'Id') : text(returned[0], 'Expression') };
}

function queryOf(metric: Properties, period: unknown, statistic: unknown, unit: unknown): MetricQuery {
  const dimensions = (metric.Dimensions ?? []) as readonly { Name: string; Value: string }[];
  return {
    namespace: text(metric, 'Namespace'),
    name: text(metric, 'MetricName'),
    dimensions: Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value])),
    statistic: text({ Statistic: statistic }, 'Statistic'),
    periodSeconds: count({ Period: period }, 'Period'),
    unit: unit === undefined ? undefined : text({ Unit: unit }, 'Unit'),
  };
}

function commonPeriod(queries: readonly MetricQuery[]): number {
  const periods = new Set(queries.map(({ periodSeconds }) => periodSeconds));
  if (periods.size !== 1) throw new RangeError('the metrics of an alarm have one period');
  return [...periods][0];
}

function text(properties: Properties, name: string): string {
  const value = properties[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new RangeError(`alarm property ${name} is ${JSON.stringify(value)}, not a text`);
}

function number(properties: Properties, name: string): number {
  const value = properties[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new RangeError(`alarm property ${name} is ${JSON.stringify(value)}, not a number`);
}

function count(properties: Properties, name: string): number {
  const value = number(properties, name);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`alarm property ${name} is ${value}, not a whole number from 1`);
}
