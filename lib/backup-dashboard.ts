import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { BackupAlarms } from './backup-alarms';
import { BackupComponent } from './backup-component';
import { BackupFreshness } from './backup-freshness';

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
 * One page that shows how the backups of a source stand: age against its objective, verification, size, rows, duration and
 * every alarm.
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
        [ageGraph(props), stateGraph(props)],
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

function stateGraph({ component, freshness }: BackupDashboardProps): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({
    title: 'Verification and runs',
    width: FULL_WIDTH / 2,
    left: [
      freshness.metricPointsNotGood(component, { label: 'kept backups that are no good' }),
      freshness.metricLastRunFailed(component, { label: 'last run failed' }),
    ],
    right: [freshness.metricPointsKept(component, { label: 'kept backups' })],
    leftYAxis: { min: 0 },
    rightYAxis: { min: 0 },
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
