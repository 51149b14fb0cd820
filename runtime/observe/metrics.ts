/**
 * Metrics in CloudWatch's embedded metric format: a log line that CloudWatch reads as metrics. Only the task writes them.
 * Format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { METRICS, METRIC_DIMENSIONS, METRIC_NAMESPACE, type Component, type MetricKey } from '../../model';
import { printableJson } from './printable';

/** What a run measured; dimensions are the source and the component, never a name that a database chose. */
export interface Measurement {
  readonly source: string;
  readonly component: Component;
  readonly values: Readonly<Partial<Record<MetricKey, number>>>;
}

/** The line, with its end. Throws on a value that is no finite number: a metric that cannot be read is a silence. */
export function metricLine(time: Date, { source, component, values }: Measurement): string {
  const measured = Object.entries(values).map(([key, value]) => ({ ...METRICS[key as MetricKey], value }));
  const unreadable = measured.find(({ value }) => !Number.isFinite(value));
  if (unreadable) throw new RangeError(`metric ${unreadable.name} is ${unreadable.value}`);

  const dimensions: Record<(typeof METRIC_DIMENSIONS)[number], string> = { Source: source, Component: component };
  const line = {
    _aws: {
      Timestamp: time.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: METRIC_NAMESPACE,
          Dimensions: [METRIC_DIMENSIONS],
          Metrics: measured.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(measured.map(({ name, value }) => [name, value])),
  };
  return `${printableJson(line)}\n`;
}
