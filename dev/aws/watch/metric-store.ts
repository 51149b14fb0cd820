/** Metrics as CloudWatch keeps them: each named by namespace, name and dimensions, and read as a statistic over periods. */
import { isStatistic, statisticOf } from './statistic';

export type Dimensions = Readonly<Record<string, string>>;

export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Dimensions;
}

export interface MetricQuery extends MetricIdentity {
  /** `Sum`, `Minimum`, `Maximum`, `Average`, `SampleCount` or a percentile such as `p99`. */
  readonly statistic: string;
  readonly periodSeconds: number;
  /** Only what was put with this unit; without one, whatever it was put with. */
  readonly unit?: string;
}

export interface Datapoint {
  /** When its period begins. */
  readonly at: Date;
  readonly value: number;
}

interface Sample {
  readonly ms: number;
  readonly value: number;
  readonly unit: string;
}

const MOST_DIMENSIONS = 30;

export class MetricStore {
  private readonly samples = new Map<string, Sample[]>();

  /** Takes one value or several of one moment. Throws a RangeError for what CloudWatch would refuse. */
  put(
    namespace: string,
    name: string,
    dimensions: Dimensions,
    at: Date,
    values: number | readonly number[],
    unit = 'None',
  ): void {
    if (namespace === '' || name === '') throw new RangeError('a metric has a namespace and a name');
    if (Object.keys(dimensions).length > MOST_DIMENSIONS) {
      throw new RangeError(`metric ${name} has more than ${MOST_DIMENSIONS} dimensions`);
    }
    const ms = at.getTime();
    if (!Number.isFinite(ms)) throw new RangeError(`metric ${name} has no time`);
    for (const value of typeof values === 'number' ? [values] : values) {
      if (!Number.isFinite(value)) throw new RangeError(`metric ${name} is ${value}`);
      this.insert(keyOf({ namespace, name, dimensions }), { ms, value, unit });
    }
  }

  /** A datapoint for each period between two moments in which there was anything; the first period begins at the first. */
  statistics(query: MetricQuery, from: Date, to: Date): Datapoint[] {
    const datapoints: Datapoint[] = [];
    const periodMs = query.periodSeconds * 1000;
    if (!(periodMs > 0)) throw new RangeError(`the period is ${query.periodSeconds} s`);
    for (let start = from.getTime(); start + periodMs <= to.getTime(); start += periodMs) {
      const value = this.over(query, start, start + periodMs);
      if (value !== undefined) datapoints.push({ at: new Date(start), value });
    }
    return datapoints;
  }

  /** The statistic over one period, of which the end is no part; nothing when there was nothing. */
  over(query: MetricQuery, fromMs: number, toMs: number): number | undefined {
    if (!isStatistic(query.statistic)) throw new RangeError(`statistic ${query.statistic} is not known`);
    const samples = this.samples.get(keyOf(query));
    if (!samples) return undefined;
    const values: number[] = [];
    for (let index = firstFrom(samples, fromMs); index < samples.length && samples[index].ms < toMs; index += 1) {
      if (query.unit === undefined || samples[index].unit === query.unit) values.push(samples[index].value);
    }
    return values.length > 0 ? statisticOf(values, query.statistic) : undefined;
  }

  /** Everything that anything was put for. */
  identities(): MetricIdentity[] {
    return [...this.samples.keys()].map((key) => {
      const [namespace, name, dimensions] = JSON.parse(key) as [string, string, [string, string][]];
      return { namespace, name, dimensions: Object.fromEntries(dimensions) };
    });
  }

  private insert(key: string, sample: Sample): void {
    const samples = this.samples.get(key) ?? [];
    this.samples.set(key, samples);
    // Mostly the newest: then nothing is moved.
    samples.splice(firstFrom(samples, sample.ms + 1), 0, sample);
  }
}

/** Dimensions in any order name the same. */
function keyOf(identity: MetricIdentity): string {
  const { namespace, name, dimensions } = identity;
  const key =
    knownKeys.get(identity) ??
    JSON.stringify([namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
  knownKeys.set(identity, key);
  return key;
}

/** An alarm asks with the same query every minute. */
const knownKeys = new WeakMap<MetricIdentity, string>();

function firstFrom(samples: readonly Sample[], ms: number): number {
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (samples[middle].ms < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
