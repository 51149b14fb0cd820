import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { BackupAlarms } from './backup-alarms';
import { BackupComponent } from './backup-component';
import { BackupFreshness } from './backup-freshness';
import { backupMetric } from './backup-metrics';
import { ComponentAlarms } from './component-alarms';
import { DrillAlarms } from './drill-alarms';
import { isRestoreMeasured } from './drilled-component';

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
 * A component that is shown besides the dump.
 */
export interface ShownComponentProps {
  /** The component that is backed up. */
  readonly component: BackupComponent;

  /** Its alarms, with the ages above which they go off. */
  readonly alarms: ComponentAlarms;
}

/**
 * Drills that are shown.
 */
export interface ShownDrillProps {
  /** What is restored for practice. */
  readonly component: BackupComponent;

  /** Their alarms, with the age above which one goes off. */
  readonly alarms: DrillAlarms;

  /**
   * How long a restore may take.
   *
   * @default - not stated
   */
  readonly recoveryTimeObjective?: Duration;
}

/**
 * One page that shows how the backups of a source stand, from the question that comes first to the last: does anything alarm,
 * how old is the newest, is it verified, how many ran, how large are they, how long do they take.
 */
export class BackupDashboard extends Construct {
  /** The dashboard. */
  public readonly dashboard: cloudwatch.Dashboard;

  private readonly props: BackupDashboardProps;
  /** The widget reads it when the stack is synthesised. */
  private readonly alarms: cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: BackupDashboardProps) {
    super(scope, id);
    this.props = props;
    this.alarms = [...props.alarms.all];
    const shown = { ...props, ages: props.alarms };
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', {
      start: '-P2W',
      widgets: [
        [alarmList(props.sourceName, this.alarms)],
        [nowFigures(shown)],
        [ageGraph(shown), verifiedGraph(shown)],
        [runsGraph(shown), keptGraph(shown)],
        [sizeGraph(shown), itemsGraph(shown), durationGraph(shown)],
      ],
    });
  }

  /**
   * Shows other alarms too.
   *
   * @param alarms of whatever belongs to these backups
   */
  public addAlarms(alarms: cloudwatch.Alarm[]): void {
    this.alarms.push(...alarms);
  }

  /**
   * Shows another component too, below.
   *
   * @param props the component and its alarms
   */
  public addComponent(props: ShownComponentProps): void {
    this.alarms.push(...props.alarms.all);
    const { sourceName, freshness } = this.props;
    const shown = { sourceName, freshness, component: props.component, ages: props.alarms };
    this.dashboard.addWidgets(
      new cloudwatch.TextWidget({ markdown: `## ${props.component}`, width: FULL_WIDTH, height: 1 }),
    );
    this.dashboard.addWidgets(nowFigures(shown));
    this.dashboard.addWidgets(ageGraph(shown), verifiedGraph(shown));
    this.dashboard.addWidgets(runsGraph(shown), keptGraph(shown));
    this.dashboard.addWidgets(sizeGraph(shown), itemsGraph(shown), durationGraph(shown));
  }

  /**
   * Shows what drills proved of a component: since when, with which outcome, and what a restore takes against its objective.
   *
   * @param props the drills and their alarms
   */
  public addDrill(props: ShownDrillProps): void {
    this.alarms.push(...props.alarms.all);
    const { sourceName } = this.props;
    this.dashboard.addWidgets(provenFigures(sourceName, props), provenGraph(sourceName, props));
  }
}

/** One component, and the ages above which its alarms go off. */
interface Shown {
  readonly sourceName: string;
  readonly component: BackupComponent;
  readonly freshness: BackupFreshness;
  readonly ages: { readonly newestAge: Duration; readonly newestVerifiedAge: Duration };
}

const FULL_WIDTH = 24;

function alarmList(sourceName: string, alarms: cloudwatch.Alarm[]): cloudwatch.IWidget {
  return new cloudwatch.AlarmStatusWidget({
    title: `Backups of ${sourceName}: alarms`,
    alarms,
    width: FULL_WIDTH,
    height: 3,
  });
}

function ageGraph({ component, freshness, ages }: Shown): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({
    title: 'Age against its objective, in hours',
    width: FULL_WIDTH / 2,
    left: [
      hours('newest', 'newest backup', freshness.metricNewestAge(component)),
      hours('verified', 'newest verified backup', freshness.metricNewestVerifiedAge(component)),
    ],
    leftAnnotations: [
      objective('objective', ages.newestAge.toHours({ integral: false })),
      objective('objective, verified', ages.newestVerifiedAge.toHours({ integral: false })),
    ],
    // None at all is ten years old: of a graph to scale with that, nothing else would be seen.
    leftYAxis: { min: 0, max: 3 * ages.newestVerifiedAge.toHours({ integral: false }), showUnits: false },
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
function nowFigures({ component, freshness }: Shown): cloudwatch.IWidget {
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
function verifiedGraph({ sourceName, component }: Shown): cloudwatch.IWidget {
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

/** Stacked areas, not bars: CloudWatch draws a bar for each metric, not for each day. */
function runsGraph({ sourceName, component, freshness }: Shown): cloudwatch.IWidget {
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

function keptGraph({ component, freshness }: Shown): cloudwatch.IWidget {
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

function sizeGraph({ component, freshness }: Shown): cloudwatch.IWidget {
  return figure('Size of a backup as stored', freshness.metricNewestSize(component, { label: 'bytes' }));
}

function itemsGraph({ component, freshness }: Shown): cloudwatch.IWidget {
  const [title, label] =
    component === BackupComponent.DUMP ? ['Rows in a backup', 'rows'] : ['What a backup holds', 'items'];
  return figure(title, freshness.metricNewestItems(component, { label }));
}

function durationGraph({ component, freshness }: Shown): cloudwatch.IWidget {
  return figure('Time that a backup takes', freshness.metricNewestDuration(component, { label: 'seconds' }));
}

function figure(title: string, metric: cloudwatch.Metric): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({ title, width: FULL_WIDTH / 3, left: [metric], leftYAxis: { min: 0 } });
}

/** What a person asks of drills first, in numbers. */
function provenFigures(sourceName: string, { component }: ShownDrillProps): cloudwatch.IWidget {
  return new cloudwatch.SingleValueWidget({
    title: `Proven by drills: ${component}`,
    width: FULL_WIDTH / 2,
    height: 6,
    metrics: [
      hours('drilled', 'hours since the newest that passed', drillMetric('newestDrilledAge', sourceName, component)),
      drillMetric('lastDrillFailed', sourceName, component, 'newest failed'),
      drillMetric('lastDrillUnverified', sourceName, component, 'newest could not find out'),
      ...(isRestoreMeasured(component)
        ? [drillMetric('projectedRestoreDuration', sourceName, component, 'a restore would take')]
        : []),
    ],
  });
}

/** Measured against stated; of what is restored by lot, the age alone is known. */
function provenGraph(
  sourceName: string,
  { component, alarms, recoveryTimeObjective }: ShownDrillProps,
): cloudwatch.IWidget {
  if (!isRestoreMeasured(component)) {
    const age = alarms.newestDrilledAge.toHours({ integral: false });
    return new cloudwatch.GraphWidget({
      title: `Age of the newest drill that passed, in hours: ${component}`,
      width: FULL_WIDTH / 2,
      left: [hours('drilledAge', 'newest that passed', drillMetric('newestDrilledAge', sourceName, component))],
      leftAnnotations: [objective('alarm', age)],
      leftYAxis: { min: 0, max: 3 * age, showUnits: false },
    });
  }
  return new cloudwatch.GraphWidget({
    title: `What a restore would take, in seconds: ${component}`,
    width: FULL_WIDTH / 2,
    left: [drillMetric('projectedRestoreDuration', sourceName, component, 'by the newest drill')],
    leftAnnotations: recoveryTimeObjective ? [objective('objective', recoveryTimeObjective.toSeconds())] : [],
    leftYAxis: { min: 0, showUnits: false },
  });
}

function drillMetric(
  key: 'newestDrilledAge' | 'lastDrillFailed' | 'lastDrillUnverified' | 'projectedRestoreDuration',
  source: string,
  component: BackupComponent,
  label?: string,
): cloudwatch.Metric {
  return backupMetric(key, { source, component }, cloudwatch.Stats.MAXIMUM, { period: Duration.minutes(15), label });
}
