/**
 * The alarms of one component, for `ComponentAlarms`.
 */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { alarmAges, inHours } from './alarm-ages';
import { AlarmFactory } from './alarm-factory';
import { ComponentAlarmsProps } from './backup-alarms-props';
import { BackupComponent } from './backup-component';
import { watchDroppedStarts, watchRefusedStarts } from './watch-starts';

/** The alarms, with the ages above which two of them go off. */
export interface WatchedComponent {
  readonly backupTooOld: cloudwatch.Alarm;
  readonly verifiedBackupTooOld: cloudwatch.Alarm;
  readonly backupFailed: cloudwatch.Alarm;
  readonly verificationFailed: cloudwatch.Alarm;
  readonly verificationOverdue: cloudwatch.Alarm;
  readonly retentionOverdue?: cloudwatch.Alarm;
  readonly startsDropped: cloudwatch.Alarm;
  readonly startsRefused: cloudwatch.Alarm;
  readonly tasksNotStarted?: cloudwatch.Alarm;
  readonly storageNearlyFull?: cloudwatch.Alarm;
  readonly newestAge: Duration;
  readonly newestVerifiedAge: Duration;
}

/** Makes them. */
export function watchComponent(factory: AlarmFactory, props: ComponentAlarmsProps): WatchedComponent {
  const [newestAge, newestVerifiedAge] = alarmAges(props);
  const watched = { ...props, newestAge, newestVerifiedAge, factory, whose: whose(props), look: look(props) };
  return {
    newestAge,
    newestVerifiedAge,
    backupTooOld: watchAge(watched),
    verifiedBackupTooOld: watchVerifiedAge(watched),
    backupFailed: watchRuns(watched),
    verificationFailed: watchVerifications(watched),
    verificationOverdue: watchSweep(watched),
    retentionOverdue: watchRetention(watched),
    startsDropped: watchDroppedStarts(watched),
    startsRefused: watchRefusedStarts(watched),
    tasksNotStarted: watchTasks(watched),
    storageNearlyFull: watchStorage(watched),
  };
}

interface Watched extends ComponentAlarmsProps {
  readonly newestAge: Duration;
  readonly newestVerifiedAge: Duration;
  readonly factory: AlarmFactory;
  readonly whose: string;
  readonly look: string;
}

/** Three times the interval at which the freshness function looks. */
export const SILENCE = Duration.minutes(15);

const NEARLY_FULL_PERCENT = 85;

/** The dump is what people think of when they read the source's name. */
function whose({ sourceName, component }: ComponentAlarmsProps): string {
  return component === BackupComponent.DUMP ? sourceName : `${sourceName} (${component})`;
}

function look({ vault, sourceName }: ComponentAlarmsProps): string {
  return `postgres-backup status --vault ${vault.vaultUri} --source ${sourceName}`;
}

function watchAge(props: Watched): cloudwatch.Alarm {
  return props.factory.continuous('BackupTooOld', {
    metric: props.freshness.metricNewestAge(props.component),
    threshold: props.newestAge.toSeconds(),
    what: `${props.whose}: the newest good backup is older than ${inHours(props.newestAge)}, or nothing is known of it.`,
    look: props.look,
    runbook: 'backup-too-old',
  });
}

function watchVerifiedAge(props: Watched): cloudwatch.Alarm {
  return props.factory.continuous('VerifiedBackupTooOld', {
    metric: props.freshness.metricNewestVerifiedAge(props.component),
    threshold: props.newestVerifiedAge.toSeconds(),
    what: `${props.whose}: the newest verified backup is older than ${inHours(props.newestVerifiedAge)}, or nothing is known of it.`,
    look: props.look,
    runbook: 'backup-too-old',
  });
}

function watchRuns(props: Watched): cloudwatch.Alarm {
  return props.factory.continuous('BackupFailed', {
    metric: props.freshness.metricLastRunFailed(props.component),
    threshold: 0,
    what: `${props.whose}: the last scheduled run of a class failed, or nothing is known of it.`,
    look: props.look,
    runbook: 'backup-failed',
  });
}

function watchVerifications(props: Watched): cloudwatch.Alarm {
  return props.factory.continuous('VerificationFailed', {
    metric: props.freshness.metricPointsNotGood(props.component),
    threshold: 0,
    what: `${props.whose}: a kept backup did not pass its verification, or is unlike those before it, or nothing is known of it.`,
    look: props.look,
    runbook: 'verification-failed',
  });
}

/** Half a day later than daily: what is started late, or goes on the next day, is no fault. */
const OVERDUE = Duration.hours(36);

function watchSweep(props: Watched): cloudwatch.Alarm {
  const age = props.oldestVerificationAge ?? OVERDUE;
  return props.factory.continuous('VerificationOverdue', {
    metric: props.freshness.metricOldestVerificationAge(props.component),
    threshold: age.toSeconds(),
    what: `${props.whose}: a kept backup was not verified again for ${inHours(age)}, or nothing is known of it.`,
    look: props.look,
    runbook: 'verification-overdue',
  });
}

/** No hour with a run that succeeded: an hour without one is no datum, and missing counts as bad. */
function watchRetention({ retention, retentionWithin, ...props }: Watched): cloudwatch.Alarm | undefined {
  if (!retention) return undefined;
  const within = retentionWithin ?? OVERDUE;
  return props.factory.continuous('RetentionOverdue', {
    metric: retention.metricSucceeded(props.component, { period: Duration.hours(1) }),
    threshold: 1,
    comparison: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: wholeHours(within),
    what: `${props.whose}: retention did not do its work for ${inHours(within)}: what should end stays and costs.`,
    look: `aws logs tail ${retention.function.logGroup.logGroupName} --since 3d`,
    runbook: 'retention-overdue',
  });
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html: a week at most, of whole hours. */
function wholeHours(within: Duration): number {
  const hours = within.toHours({ integral: false });
  if (Number.isInteger(hours) && hours >= 2 && hours <= 168) return hours;
  throw new Error(`retentionWithin of the alarms is ${inHours(within)}, but must be whole hours, 2 to 168`);
}

/** Of a metric that is there only when it happens; a run that nothing counts shows as age. */
function watchTasks({ component, reports, factory, whose: subject }: Watched): cloudwatch.Alarm | undefined {
  if (!reports) return undefined;
  return factory.occurrence('TasksNotStarted', {
    metric: reports.metricTaskNotStarted(component, { period: SILENCE }),
    threshold: 0,
    what: `${subject}: a task was stopped before its program ran: no image, no network, no capacity or no permission.`,
    look: `aws logs filter-log-events --log-group-name ${reports.function.logGroup.logGroupName} --filter-pattern TaskFailedToStart`,
    runbook: 'task-not-started',
  });
}

/**
 * Only of a task that was given a disk: a dump is streamed and needs none. The metric is there while the task runs, and where
 * the cluster has Container Insights; a run that fails for want of space fails aloud.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
 */
function watchStorage(props: Watched): cloudwatch.Alarm | undefined {
  if (!props.storage) return undefined;
  const { cluster, family } = props.storage;
  const metric = (metricName: string) =>
    new cloudwatch.Metric({
      namespace: 'ECS/ContainerInsights',
      metricName,
      dimensionsMap: { ClusterName: cluster.clusterName, TaskDefinitionFamily: family },
      statistic: cloudwatch.Stats.MAXIMUM,
      period: Duration.minutes(1),
    });
  return props.factory.occurrence('StorageNearlyFull', {
    metric: new cloudwatch.MathExpression({
      expression: '100 * used / reserved',
      usingMetrics: { used: metric('EphemeralStorageUtilized'), reserved: metric('EphemeralStorageReserved') },
      label: 'disk space used, in percent',
      period: Duration.minutes(1),
    }),
    threshold: NEARLY_FULL_PERCENT,
    what: `${props.whose}: more than ${NEARLY_FULL_PERCENT} % of the task's disk is used.`,
    look: props.look,
    runbook: 'storage-nearly-full',
  });
}
