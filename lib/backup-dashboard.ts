import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { BackupAlarms } from './backup-alarms';
import { BackupComponent } from './backup-component';
import { BackupFreshness } from './backup-freshness';
import { backupMetric } from './backup-metrics';

/**
 * What is shown.
 */
export interface BackupDashboardProps {
  /** Name of the source. */
  readonly sourceName: string;

  /** The component that is backed up. */
  readonly component: BackupComponent;

  /** What publishes how the backups stand. */
  readonly freshness: BackupFreshness;

  /** The alarms, with the ages above which they go off. */
  readonly alarms: BackupAlarms;
}

/**
 * One page that shows how the backups of a source stand, from the question that comes first to the last: does anything alarm,
 * how old is the newest, is it verified, how many ran, how large are they, how long do they take.
 */
export class BackupDashboard extends Construct {
  /** The dashboard. */
  public readonly dashboard: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, props: BackupDashboardProps) {
    super(scope, id);
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', {
      start: '-P2W',
      widgets: [
        [alarmList(props)],
        [nowFigures(props)],
        [ageGraph(props), verifiedGraph(props)],
        [runsGraph(props), keptGraph(props)],
        [sizeGraph(props), rowsGraph(props), durationGraph(props)],
      ],
    });
  }
}

const FULL_WIDTH = 24;

function alarmList({ sourceName, alarms }: BackupDashboardProps): cloudwatch.IWidget {
  return new cloudwatch.AlarmStatusWidget({
    title: `Backups of ${sourceName}: alarms`,
    alarms: alarms.all,
    width: FULL_WIDTH,
    height: 3,
  });
}

function ageGraph({ component, freshness, alarms }: BackupDashboardProps): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({
    title: 'Age against its objective, in hours',
    width: FULL_WIDTH / 2,
    left: [
      hours('newest', 'newest backup', freshness.metricNewestAge(component)),
      hours('verified', 'newest verified backup', freshness.metricNewestVerifiedAge(component)),
    ],
    leftAnnotations: [
      objective('objective', alarms.newestAge.toHours({ integral: false })),
      objective('objective, verified', alarms.newestVerifiedAge.toHours({ integral: false })),
    ],
    // None at all is ten years old: of a graph to scale with that, nothing else would be seen.
    leftYAxis: { min: 0, max: 3 * alarms.newestVerifiedAge.toHours({ integral: false }), showUnits: false },
  });
}

/** `id` must be new in the graph. */
function hours(id: string, label: string, seconds: cloudwatch.Metric): cloudwatch.MathExpression {
  return new cloudwatch.MathExpression({
    expression: `${id} / 3600`,
    usingMetrics: { [id]: seconds },
    label,
    period: seconds.period,
  });
}

function objective(label: string, value: number): cloudwatch.HorizontalAnnotation {
  return { label, value, color: cloudwatch.Color.RED };
}

/** What a person asks first, in numbers. */
function nowFigures({ component, freshness }: BackupDashboardProps): cloudwatch.IWidget {
  return new cloudwatch.SingleValueWidget({
    title: 'Now',
    width: FULL_WIDTH,
    height: 3,
    metrics: [
      hours('ageNow', 'hours since the newest backup', freshness.metricNewestAge(component)),
      hours('verifiedNow', 'hours since the newest verified one', freshness.metricNewestVerifiedAge(component)),
      freshness.metricPointsKept(component, { label: 'kept' }),
      freshness.metricPointsNotGood(component, { label: 'of them no good' }),
      freshness.metricNewestSize(component, { label: 'size of the newest' }),
      freshness.metricNewestDuration(component, { label: 'it took' }),
    ],
  });
}

/** Of all verifications of a day: the sweep alone makes one of each kept backup. */
function verifiedGraph({ sourceName, component }: BackupDashboardProps): cloudwatch.IWidget {
  const daily = (key: 'verificationPassed' | 'verificationFailed' | 'verificationUnverified') =>
    backupMetric(key, { source: sourceName, component }, cloudwatch.Stats.SUM, { period: Duration.days(1) });
  return new cloudwatch.GraphWidget({
    title: 'Share of verifications that passed, by day, in percent',
    width: FULL_WIDTH / 2,
    left: [
      new cloudwatch.MathExpression({
        expression: '100 * passed / (passed + failed + unverified)',
        usingMetrics: {
          passed: daily('verificationPassed'),
          failed: daily('verificationFailed'),
          unverified: daily('verificationUnverified'),
        },
        label: 'passed',
        period: Duration.days(1),
      }),
    ],
    leftYAxis: { min: 0, max: 100, showUnits: false },
  });
}

function runsGraph({ sourceName, component, freshness }: BackupDashboardProps): cloudwatch.IWidget {
  const daily = (key: 'backupSucceeded' | 'backupFailed' | 'taskNotStarted', label: string, color: string) =>
    backupMetric(key, { source: sourceName, component }, cloudwatch.Stats.SUM, {
      period: Duration.days(1),
      label,
      color,
    });
  return new cloudwatch.GraphWidget({
    title: 'Runs, by day',
    width: FULL_WIDTH / 2,
    stacked: true,
    view: cloudwatch.GraphWidgetView.BAR,
    left: [
      daily('backupSucceeded', 'succeeded', cloudwatch.Color.GREEN),
      daily('backupFailed', 'failed', cloudwatch.Color.RED),
      daily('taskNotStarted', 'never started', cloudwatch.Color.ORANGE),
    ],
    right: [freshness.metricLastRunFailed(component, { label: 'last run failed', period: Duration.days(1) })],
    leftYAxis: { min: 0, showUnits: false },
    rightYAxis: { min: 0, max: 1, showUnits: false },
  });
}

function keptGraph({ component, freshness }: BackupDashboardProps): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({
    title: 'Kept backups',
    width: FULL_WIDTH / 2,
    left: [
      freshness.metricPointsKept(component, { label: 'kept' }),
      freshness.metricPointsNotGood(component, { label: 'of them no good', color: cloudwatch.Color.RED }),
    ],
    leftYAxis: { min: 0, showUnits: false },
  });
}

function sizeGraph({ component, freshness }: BackupDashboardProps): cloudwatch.IWidget {
  return figure('Size of a backup as stored', freshness.metricNewestSize(component, { label: 'bytes' }));
}

function rowsGraph({ component, freshness }: BackupDashboardProps): cloudwatch.IWidget {
  return figure('Rows in a backup', freshness.metricNewestRows(component, { label: 'rows' }));
}

function durationGraph({ component, freshness }: BackupDashboardProps): cloudwatch.IWidget {
  return figure('Time that a backup takes', freshness.metricNewestDuration(component, { label: 'seconds' }));
}

function figure(title: string, metric: cloudwatch.Metric): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({ title, width: FULL_WIDTH / 3, left: [metric], leftYAxis: { min: 0 } });
}
