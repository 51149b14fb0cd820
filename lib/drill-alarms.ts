import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as cloudwatchActions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { inHours } from './alarm-ages';
import { AlarmFactory, RUNBOOKS_URL } from './alarm-factory';
import { BackupComponent } from './backup-component';
import { backupMetric } from './backup-metrics';
import { IBackupVault } from './backup-vault-props';
import { isRestoreMeasured } from './drilled-component';

/**
 * What the alarms of drills watch.
 */
export interface DrillAlarmsProps {
  /** Name of the source. */
  readonly sourceName: string;

  /**
   * What is restored.
   *
   * @default BackupComponent.DUMP
   */
  readonly component?: BackupComponent;

  /** Where the backups are stored. */
  readonly vault: IBackupVault;

  /** The longest time between two drills. */
  readonly interval: Duration;

  /** Topic that alarms are published to. */
  readonly topic: sns.ITopic;

  /**
   * Age of the newest backup that passed a drill above which the alarm goes off.
   *
   * @default - a day more than the longest time between two drills
   */
  readonly newestDrilledAge?: Duration;

  /**
   * How long a restore may take. Of components of which a sample is restored, nothing is known of that.
   *
   * @default - not alarmed on
   */
  readonly recoveryTimeObjective?: Duration;

  /**
   * Where the runbooks that alarms link to are found.
   *
   * @default - those of this package
   */
  readonly runbooksUrl?: string;
}

/**
 * The alarms of drills. What they look at is published all the time by the function that looks at the backups, so its silence
 * is bad news like any other: also that there was no drill yet.
 */
export class DrillAlarms extends Construct {
  /** The newest drill found a backup that cannot be restored, or is not as it was. */
  public readonly drillFailed: cloudwatch.Alarm;
  /** The newest drill could not find out. */
  public readonly drillUnverified: cloudwatch.Alarm;
  /** No drill passed for too long, or never. */
  public readonly drilledTooLongAgo: cloudwatch.Alarm;
  /**
   * A restore would take longer than its objective.
   *
   * @default - no objective is stated
   */
  public readonly restoreTooSlow?: cloudwatch.Alarm;
  /** Age of the newest backup that passed a drill above which its alarm goes off. */
  public readonly newestDrilledAge: Duration;

  constructor(scope: Construct, id: string, props: DrillAlarmsProps) {
    super(scope, id);
    const { sourceName, vault, recoveryTimeObjective, component = BackupComponent.DUMP } = props;
    const name = component === BackupComponent.DUMP ? sourceName : `${sourceName}, ${component}`;
    this.newestDrilledAge = drilledAge(props);
    const factory = new AlarmFactory(this, props.runbooksUrl ?? RUNBOOKS_URL, [
      new cloudwatchActions.SnsAction(props.topic),
    ]);
    const look = `postgres-backup status --vault ${vault.vaultUri} --source ${sourceName}`;
    const metric = (key: Parameters<typeof backupMetric>[0]) =>
      backupMetric(key, { source: sourceName, component }, cloudwatch.Stats.MAXIMUM, { period: PERIOD });
    this.drillFailed = factory.continuous('DrillFailed', {
      metric: metric('lastDrillFailed'),
      threshold: 0,
      what: `${name}: the newest drill could not restore the backup, or found it changed, or nothing is known of it.`,
      look,
      runbook: 'drill-failed',
    });
    this.drillUnverified = factory.continuous('DrillUnverified', {
      metric: metric('lastDrillUnverified'),
      threshold: 0,
      what: `${name}: the newest drill could not find out whether the backup can be restored, or nothing is known of it.`,
      look,
      runbook: 'drill-failed',
    });
    const age = this.newestDrilledAge;
    this.drilledTooLongAgo = factory.continuous('DrilledTooLongAgo', {
      metric: metric('newestDrilledAge'),
      threshold: age.toSeconds(),
      what: `${name}: no drill passed for ${inHours(age)}, or none ever did.`,
      look,
      runbook: 'drill-too-old',
    });
    if (!recoveryTimeObjective || !isRestoreMeasured(component)) return;
    this.restoreTooSlow = factory.continuous('RestoreTooSlow', {
      metric: metric('projectedRestoreDuration'),
      threshold: recoveryTimeObjective.toSeconds(),
      what: `${name}: a restore would take longer than the objective of ${inHours(recoveryTimeObjective)}, or nothing is known of it.`,
      look,
      runbook: 'restore-too-slow',
    });
  }

  /** All of them. */
  public get all(): cloudwatch.Alarm[] {
    const { drillFailed, drillUnverified, drilledTooLongAgo, restoreTooSlow } = this;
    return [drillFailed, drillUnverified, drilledTooLongAgo, ...(restoreTooSlow ? [restoreTooSlow] : [])];
  }
}

/** As the other alarms: three times the interval at which the function looks. */
const PERIOD = Duration.minutes(15);

function drilledAge({ newestDrilledAge, interval }: DrillAlarmsProps): Duration {
  const age = newestDrilledAge ?? Duration.seconds(interval.toSeconds() + Duration.days(1).toSeconds());
  if (age.toSeconds() > interval.toSeconds()) return age;
  throw new Error(
    `newestDrilledAge is ${inHours(age)}, but up to ${inHours(interval)} pass between two drills: it would go off without a fault`,
  );
}
