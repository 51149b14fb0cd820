/**
 * Metrics out of a log, as CloudWatch reads them: a line that is wholly one JSON document in the embedded metric format. What is
 * only part of a line, or has no line end, is none.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import type { Dimensions, MetricStore } from './metric-store';

/** One metric of one document, under one of its sets of dimensions. */
export interface EmfMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Dimensions;
  readonly at: Date;
  readonly values: readonly number[];
  readonly unit: string;
}

/** Takes a log in pieces, and puts the metrics of each of its lines into the store. */
export class EmfReader {
  /** Lines that say they hold metrics and are not right: CloudWatch drops them. */
  readonly refused: string[] = [];
  private rest = '';

  constructor(private readonly store: Pick<MetricStore, 'put'>) {}

  write(text: string): void {
    const lines = `${this.rest}${text}`.split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.read(line);
  }

  private read(line: string): void {
    try {
      for (const { namespace, name, dimensions, at, values, unit } of readEmfLine(line)) {
        this.store.put(namespace, name, dimensions, at, values, unit);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.refused.push(`${error.message}: ${line}`);
    }
  }
}

/** The metrics of a line; none when it is no such document. Throws a RangeError when it says it is one and is not right. */
export function readEmfLine(line: string): EmfMetric[] {
  const document = parse(line);
  if (!document || !isRecord(document._aws)) return [];
  const { Timestamp, CloudWatchMetrics } = document._aws;
  if (typeof Timestamp !== 'number' || !Array.isArray(CloudWatchMetrics)) {
    throw new RangeError('_aws has no Timestamp, or no CloudWatchMetrics');
  }
  return CloudWatchMetrics.flatMap((directive) => readDirective(directive, document, new Date(Timestamp)));
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    // A line of text, as most are.
    return undefined;
  }
}

function readDirective(directive: unknown, document: Record<string, unknown>, at: Date): EmfMetric[] {
  if (!isRecord(directive)) throw new RangeError('a directive is no object');
  const { Namespace: namespace, Dimensions: sets, Metrics: metrics } = directive;
  if (typeof namespace !== 'string' || !isListOf(sets, isTextList) || !isListOf(metrics, isMetric)) {
    throw new RangeError('a directive needs Namespace, Dimensions and Metrics');
  }
  return metrics.flatMap(({ Name: name, Unit: unit = 'None' }) => {
    const values = valuesOf(name, document[name]);
    return sets.map((set) => ({ namespace, name, dimensions: dimensionsOf(set, document), at, values, unit }));
  });
}

function valuesOf(name: string, value: unknown): number[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  if (values.length > 0 && values.every((one): one is number => Number.isFinite(one))) return values;
  throw new RangeError(`metric ${name} is ${JSON.stringify(value)}`);
}

function dimensionsOf(names: readonly string[], document: Record<string, unknown>): Dimensions {
  return Object.fromEntries(
    names.map((name) => {
      const value = document[name];
      if (typeof value !== 'string' || value === '') throw new RangeError(`dimension ${name} has no value`);
      return [name, value];
    }),
  );
}

function isMetric(value: unknown): value is { Name: string; Unit?: string } {
  return isRecord(value) && typeof value.Name === 'string' && ['string', 'undefined'].includes(typeof value.Unit);
}

function isTextList(value: unknown): value is string[] {
  return isListOf(value, (one): one is string => typeof one === 'string');
}

function isListOf<T>(value: unknown, isOne: (one: unknown) => one is T): value is T[] {
  return Array.isArray(value) && value.every(isOne);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
