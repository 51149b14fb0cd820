/** What watching costs a month: alarms and dashboards as they stand in the tree, and the metrics they read. */
import { IAspect, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { IConstruct } from 'constructs';
import { UnitPrices } from './unit-prices';

/** What CloudWatch bills for. */
export interface WatchedParts {
  readonly alarms: number;
  readonly dashboards: number;
}

/** Everything below a construct, so ask when the tree is whole: in an aspect ({@link whenWhole}). */
export function watchedParts(scope: IConstruct): WatchedParts {
  const all = scope.node.findAll();
  return {
    alarms: all.filter((each) => each instanceof cloudwatch.CfnAlarm).reduce((sum, each) => sum + metricsOf(each), 0),
    dashboards: all.filter((each) => each instanceof cloudwatch.CfnDashboard).length,
  };
}

/** US dollars a month. */
export function watchCost(parts: WatchedParts, prices: UnitPrices): number {
  return (
    METRICS_PUBLISHED * prices.customMetric + parts.alarms * prices.alarmMetric + parts.dashboards * prices.dashboard
  );
}

/** An aspect that does something once, after the whole tree below the construct it is added to has been made. */
export function whenWhole(scope: IConstruct, act: () => void): IAspect {
  return {
    visit: (node) => {
      if (node === scope) act();
    },
  };
}

/** Of each component, all the time: ages, newest size, rows and duration, what is kept, not good or not verified, the key. */
const METRICS_PUBLISHED = 12;

/** An alarm is paid by the metrics that it reads; one on an expression by all those in it. */
function metricsOf(alarm: cloudwatch.CfnAlarm): number {
  const queries = Stack.of(alarm).resolve(alarm.metrics) as { metricStat?: unknown }[] | undefined;
  return queries?.filter((query) => query.metricStat !== undefined).length ?? 1;
}
