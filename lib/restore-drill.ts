import { Duration, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../model';
import { BackupComponent } from './backup-component';
import { backupMetric } from './backup-metrics';
import { BackupTask } from './backup-task';
import { DrillAlarms } from './drill-alarms';
import { DrillSchedule } from './drill-schedule';
import { isRestoreMeasured, isSampled, requireDrilled } from './drilled-component';
import { DrillStart } from './drill-start';
import { RestoreDrillProps } from './restore-drill-props';
import { addScratchVolume } from './scratch-volume';

/**
 * Restores the newest verified backup for practice, on a schedule: into a throw-away server inside its own task, which nothing
 * reaches and which reaches nothing but AWS; as a role without power, so that no dump can do harm. Compares it with what the
 * backup saw, asks the checks, measures, and leaves a record in the vault that is kept for ever.
 *
 * The task can read the backups of one component of the source and write records of its drills, and nothing else. It knows no
 * secret of the source.
 */
export class RestoreDrill extends Construct implements ec2.IConnectable {
  /** The task that makes a drill. */
  public readonly task: BackupTask;
  /** What starts the task. */
  public readonly start: DrillStart;
  /** The alarms. */
  public readonly alarms: DrillAlarms;
  /** Network connections of the task. */
  public readonly connections: ec2.Connections;

  /** What is restored. */
  public readonly component: BackupComponent;

  private readonly sourceName: string;

  constructor(scope: Construct, id: string, props: RestoreDrillProps) {
    super(scope, id);
    this.sourceName = props.sourceName;
    this.component = props.component ?? BackupComponent.DUMP;
    requireDrilled(this.component);
    const schedule = props.schedule ?? DrillSchedule.weekly();
    const interval = schedule._longestInterval(props.plan.mostFrequentRule.longestInterval);
    this.task = new BackupTask(this, 'Task', {
      ...props,
      command: drillCommand(props),
      environment: drillEnvironment(props, interval),
      logPrefix: props.sourceName,
    });
    addScratchVolume(this.task);
    this.connections = this.task.connections;
    props.vault.grantDrill(this.task, props.sourceName, this.component);
    this.start = new DrillStart(this, 'Start', { ...props, schedule, task: this.task, interval });
    this.alarms = new DrillAlarms(this, 'Alarms', { ...props, interval });
  }

  /**
   * Age of the newest backup that passed a drill, in seconds. Silent as long as there was no drill.
   *
   * @default - maximum over 15 minutes
   * @param options statistic, period and the like
   */
  public metricNewestDrilledAge(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('newestDrilledAge', cloudwatch.Stats.MAXIMUM, { period: Duration.minutes(15), ...options });
  }

  /**
   * What a restore would take with as much data as there is now, in seconds: measured by the newest drill that passed.
   *
   * @default - maximum over 15 minutes
   * @param options statistic, period and the like
   */
  public metricProjectedRestoreDuration(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('projectedRestoreDuration', cloudwatch.Stats.MAXIMUM, {
      period: Duration.minutes(15),
      ...options,
    });
  }

  /**
   * Drills that passed.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricDrillPassed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('drillPassed', cloudwatch.Stats.SUM, options);
  }

  /**
   * What the restore took in a drill, in seconds.
   *
   * @default - maximum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricDrillRestoreDuration(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('drillRestoreDuration', cloudwatch.Stats.MAXIMUM, options);
  }

  private metric(
    key: Parameters<typeof backupMetric>[0],
    statistic: string,
    options?: cloudwatch.MetricOptions,
  ): cloudwatch.Metric {
    return backupMetric(key, { source: this.sourceName, component: this.component }, statistic, options);
  }
}

/** A drill is over when the next one begins, or it is ended. */
const LONGEST_DRILL = Duration.hours(12);

function drillCommand({
  component = BackupComponent.DUMP,
  sampleSize,
  fullMonthly = true,
}: RestoreDrillProps): string[] {
  if (component === BackupComponent.DUMP) return ['drill', 'latest'];
  const command = ['drill', 'latest', '--component', component];
  if (!isSampled(component)) return command;
  if (sampleSize !== undefined && (Token.isUnresolved(sampleSize) || !Number.isInteger(sampleSize) || sampleSize < 1)) {
    throw new Error(`sampleSize of the drill is ${sampleSize}, but must be a whole number of 1 or more`);
  }
  const sample = sampleSize === undefined ? [] : ['--sample', String(sampleSize)];
  return [...command, '--extent', fullMonthly ? 'monthly' : 'sample', ...sample];
}

function drillEnvironment(props: RestoreDrillProps, interval: Duration): Record<string, string> {
  const { vault, sourceName, component = BackupComponent.DUMP, allowedExtensions = [], recoveryTimeObjective } = props;
  const deadline = Math.min(interval.toSeconds(), LONGEST_DRILL.toSeconds());
  return {
    [ENVIRONMENT.vault]: vault.vaultUri,
    [ENVIRONMENT.source]: sourceName,
    ...(component === BackupComponent.DUMP && { [ENVIRONMENT.jobs]: jobsOf(props) }),
    [ENVIRONMENT.deadline]: String(deadline),
    ...checksOf(props, component),
    ...(allowedExtensions.length > 0 && { [ENVIRONMENT.allowedExtensions]: JSON.stringify(allowedExtensions) }),
    ...(recoveryTimeObjective &&
      isRestoreMeasured(component) && {
        [ENVIRONMENT.recoveryTimeObjective]: String(recoveryTimeObjective.toSeconds()),
      }),
  };
}

function jobsOf({ jobs = 2 }: RestoreDrillProps): string {
  if (!Token.isUnresolved(jobs) && Number.isInteger(jobs) && jobs >= 1 && jobs <= 32) return String(jobs);
  throw new Error(`jobs of the drill is ${jobs}, but must be a whole number from 1 to 32`);
}

function checksOf({ checks = [] }: RestoreDrillProps, component: BackupComponent): Record<string, string> {
  if (checks.length === 0) return {};
  // What a restored database must hold: of others there is none to be asked.
  if (!isRestoreMeasured(component)) throw new Error(`a drill of ${component} asks no checks: there is no database`);
  const names = checks.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new Error(`two checks of the drill are called '${twice}': give each a name of its own`);
  }
  return { [ENVIRONMENT.checks]: JSON.stringify(checks.map((check) => check._content())) };
}
