import { Duration, Lazy, Size } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as cloudwatchActions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { ENVIRONMENT, objectivesFor } from '../model';
import { inHours } from './alarm-ages';
import { AlarmFactory, RUNBOOKS_URL } from './alarm-factory';
import { BackupComponent } from './backup-component';
import { backupMetric } from './backup-metrics';
import { BackupPlan } from './backup-plan';
import { BackupRule } from './backup-rule';
import { BackupSchedules } from './backup-schedules';
import { BackupTask } from './backup-task';
import { OnDemandRuns } from './on-demand-runs';
import { PostgresSource } from './postgres-source';
import { ScheduledComponent, ScheduledComponentProps } from './scheduled-component';
import { addScratchVolume } from './scratch-volume';
import { SetSchedule } from './set-schedule';
import { watchDroppedStarts, watchRefusedStarts } from './watch-starts';

/**
 * Whose sets are made, and when.
 */
export interface BackupSetsProps extends ScheduledComponentProps {
  /** What is protected: asked for the keys that rows refer to, where such queries are given. */
  readonly source: PostgresSource;

  /** When sets are made. */
  readonly setSchedule: SetSchedule;

  /** What lets a task start the others. */
  readonly runs: OnDemandRuns;

  /** Topic that alarms are published to. */
  readonly topic: sns.ITopic;

  /**
   * Where the runbooks that alarms link to are found.
   *
   * @default - those of this package
   */
  readonly runbooksUrl?: string;

  /**
   * Starts that AWS refuses within 15 minutes before its alarm goes off.
   *
   * @default 3
   */
  readonly refusedStarts?: number;
}

/**
 * Makes sets on a schedule: a small task starts the components of a source under one run id, follows them until the vault holds
 * what they made, and writes down what belongs together. It is `postgres-backup run --set`, and may do no more than a person
 * who was granted that: it reads none of the data.
 */
export class BackupSets extends Construct {
  /** The task that starts the components and follows them. */
  public readonly task: BackupTask;
  /** What starts the task. */
  public readonly schedules: BackupSchedules;
  /** The newest set that can be restored is too old, or there is none. */
  public readonly setTooOld: cloudwatch.Alarm;
  /** The newest set of the schedule is none to restore: a component failed, was late, or what rows refer to is missing. */
  public readonly setFailed: cloudwatch.Alarm;
  /** The scheduler gave up to start the task. */
  public readonly startsDropped: cloudwatch.Alarm;
  /** AWS refuses to start the task. */
  public readonly startsRefused: cloudwatch.Alarm;
  /** Age of the newest set that can be restored above which its alarm goes off. */
  public readonly newestAge: Duration;

  private readonly sourceName: string;
  private readonly sets: SetSchedule;

  constructor(scope: Construct, id: string, props: BackupSetsProps) {
    super(scope, id);
    this.sourceName = props.sourceName;
    this.sets = props.setSchedule;
    const plan = new BackupPlan(props.plan.rules.filter((rule) => props.setSchedule._starts(props.plan, rule)));
    this.newestAge = ageFor(plan.mostFrequentRule, props.setSchedule.newestAge);
    this.task = new BackupTask(this, 'Task', {
      ...props,
      // It waits: what it costs is the time, at the lowest rate that there is.
      cpu: 256,
      memory: Size.mebibytes(512),
      ephemeralStorage: undefined,
      command: Lazy.list({ produce: () => this.command() }),
      environment: {
        [ENVIRONMENT.vault]: props.vault.vaultUri,
        [ENVIRONMENT.source]: props.sourceName,
        ...referenceEnvironment(props),
      },
      logPrefix: `${props.sourceName}-sets`,
    });
    props.runs.grantRun(this.task);
    if (props.setSchedule.references) this.letAsk(props);
    this.schedules = new BackupSchedules(this, 'Schedules', { ...props, sets: undefined, plan, task: this.task });
    // What it reads first must be there when it is started.
    this.schedules.node.addDependency(props.runs);
    const factory = new AlarmFactory(this, props.runbooksUrl ?? RUNBOOKS_URL, [
      new cloudwatchActions.SnsAction(props.topic),
    ]);
    const look = `postgres-backup status --vault ${props.vault.vaultUri} --source ${props.sourceName}`;
    this.setTooOld = factory.continuous('SetTooOld', {
      metric: this.metricNewestAge(),
      threshold: this.newestAge.toSeconds(),
      what: `${props.sourceName}: the newest set that can be restored is older than ${inHours(this.newestAge)}, or nothing is known of it.`,
      look,
      runbook: 'set-failed',
    });
    this.setFailed = factory.continuous('SetFailed', {
      metric: this.metricLastFailed(),
      threshold: 0,
      what: `${props.sourceName}: the newest set of the schedule is none to restore, or nothing is known of it.`,
      look,
      runbook: 'set-failed',
    });
    const starts = {
      ...{ factory, look, scheduleGroup: this.schedules.group, refusedStarts: props.refusedStarts },
      whose: `${props.sourceName} (sets)`,
    };
    this.startsDropped = watchDroppedStarts(starts);
    this.startsRefused = watchRefusedStarts(starts);
  }

  /**
   * Takes a component into the sets, if it goes by the plan that they go by.
   *
   * @param component the component
   */
  public addComponent(component: ScheduledComponent): void {
    this.sets._join(component);
  }

  /** The alarms. */
  public get alarms(): cloudwatch.Alarm[] {
    return [this.setTooOld, this.setFailed, this.startsDropped, this.startsRefused];
  }

  /**
   * Age of the newest set that can be restored, in seconds. Ten years when there is none.
   *
   * @default - maximum over 15 minutes
   * @param options statistic, period and the like
   */
  public metricNewestAge(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('newestSetAge', options);
  }

  /**
   * 1 while the newest set of the schedule is none to restore, 0 otherwise.
   *
   * @default - maximum over 15 minutes
   * @param options statistic, period and the like
   */
  public metricLastFailed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('lastSetFailed', options);
  }

  private command(): string[] {
    return ['run', '--set', ...this.sets._members.flatMap(({ component }) => ['--component', component as string])];
  }

  /** The keys are kept in a file until the mirrors are listed; the root is read-only. */
  private letAsk({ source, vault, sourceName }: BackupSetsProps): void {
    source.grantConnect(this.task);
    source.allowConnectionsFrom(this.task.connections);
    vault.grantReadInventories(this.task, sourceName);
    addScratchVolume(this.task);
  }

  private metric(key: 'newestSetAge' | 'lastSetFailed', options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    // By the dump, which is what there always is: a set is of the source.
    const subject = { source: this.sourceName, component: BackupComponent.DUMP };
    return backupMetric(key, subject, cloudwatch.Stats.MAXIMUM, { period: Duration.minutes(15), ...options });
  }
}

function referenceEnvironment({ source, setSchedule }: BackupSetsProps): Record<string, string> {
  const queries = Object.entries(setSchedule.references ?? {}).map(([mirror, query]) => `${mirror}=${query}`);
  if (queries.length === 0) return {};
  return { ...source.environment, [ENVIRONMENT.referenceQueries]: JSON.stringify(queries) };
}

function ageFor({ longestInterval }: BackupRule, stated: Duration | undefined): Duration {
  const newestAge = stated ?? Duration.seconds(objectivesFor(longestInterval.toSeconds()).newestSeconds);
  if (newestAge.toSeconds() > longestInterval.toSeconds()) return newestAge;
  throw new Error(
    `newestAge of the sets is ${inHours(newestAge)}, but the time between two sets is ${inHours(longestInterval)}: ` +
      'it would go off without a fault. State a longer one, or make sets more often',
  );
}
