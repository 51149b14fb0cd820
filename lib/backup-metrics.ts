/**
 * The metrics that the program emits, as CloudWatch metrics: names, namespace and dimensions from `model/metrics.ts`.
 */
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRIC_DIMENSIONS, METRIC_NAMESPACE, METRICS, MetricKey } from '../model';
import { BackupComponent } from './backup-component';

/** What a metric is about. */
export interface MetricSubject {
  readonly source: string;
  readonly component: BackupComponent;
}

/** A metric of one component of one source; `statistic` unless the options say otherwise. */
export function backupMetric(
  key: MetricKey,
  subject: MetricSubject,
  statistic: string,
  options?: cloudwatch.MetricOptions,
): cloudwatch.Metric {
  const [source, component] = METRIC_DIMENSIONS;
  return new cloudwatch.Metric({
    namespace: METRIC_NAMESPACE,
    metricName: METRICS[key].name,
    unit: UNITS[METRICS[key].unit],
    dimensionsMap: { [source]: subject.source, [component]: subject.component },
    statistic,
    ...options,
  });
}

const UNITS = {
  Count: cloudwatch.Unit.COUNT,
  Seconds: cloudwatch.Unit.SECONDS,
  Bytes: cloudwatch.Unit.BYTES,
} satisfies Record<(typeof METRICS)[MetricKey]['unit'], cloudwatch.Unit>;
