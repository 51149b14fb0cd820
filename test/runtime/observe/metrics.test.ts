import { METRICS, METRIC_NAMESPACE } from '../../../model';
import { metricLine } from '../../../runtime/observe/metrics';

const NOW = new Date('2026-11-20T02:10:03Z');

test('a metric is one line in CloudWatch’s embedded format, with namespace, dimensions and units of the model', () => {
  const line = metricLine(NOW, {
    source: 'orders',
    component: 'dump',
    values: { backupSucceeded: 1, backupSize: 1_900_082_200 },
  });
  expect(line.endsWith('\n')).toBe(true);
  expect(JSON.parse(line)).toEqual({
    _aws: {
      Timestamp: NOW.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: METRIC_NAMESPACE,
          Dimensions: [['Source', 'Component']],
          Metrics: [
            { Name: 'BackupSucceeded', Unit: 'Count' },
            { Name: 'BackupSize', Unit: 'Bytes' },
          ],
        },
      ],
    },
    Source: 'orders',
    Component: 'dump',
    BackupSucceeded: 1,
    BackupSize: 1_900_082_200,
  });
});

test.each([NaN, Infinity, -Infinity])(
  'a value of %d is refused: JSON would make it null, and the metric a silence',
  (value) => {
    expect(() => metricLine(NOW, { source: 'orders', component: 'dump', values: { backupSize: value } })).toThrow(
      METRICS.backupSize.name,
    );
  },
);
