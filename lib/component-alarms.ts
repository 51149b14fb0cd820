import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as cloudwatchActions from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import { AlarmFactory, RUNBOOKS_URL } from './alarm-factory';
import { ComponentAlarmsProps } from './backup-alarms-props';
import { watchComponent, WatchedComponent } from './watch-component';

/**
 * The alarms of one component.
 */
export class ComponentAlarms extends Construct {
  /** The newest good backup is too old: none was made, or none that is good. */
  public readonly backupTooOld: cloudwatch.Alarm;
  /** The newest verified backup is too old. */
  public readonly verifiedBackupTooOld: cloudwatch.Alarm;
  /** The last scheduled run failed. */
  public readonly backupFailed: cloudwatch.Alarm;
  /** A kept backup did not pass its verification. */
  public readonly verificationFailed: cloudwatch.Alarm;
  /** A kept backup was not verified again for too long. */
  public readonly verificationOverdue: cloudwatch.Alarm;
  /** Retention did not do its work for too long; if it is watched. */
  public readonly retentionOverdue?: cloudwatch.Alarm;
  /** A start was given up by the scheduler. */
  public readonly startsDropped: cloudwatch.Alarm;
  /** Starts are refused. */
  public readonly startsRefused: cloudwatch.Alarm;
  /** Tasks are stopped before their program runs; if that is counted. */
  public readonly tasksNotStarted?: cloudwatch.Alarm;
  /** The task's disk is nearly full; if it was given one. */
  public readonly storageNearlyFull?: cloudwatch.Alarm;
  /** Age of the newest good backup above which its alarm goes off. */
  public readonly newestAge: Duration;
  /** Age of the newest verified backup above which its alarm goes off. */
  public readonly newestVerifiedAge: Duration;

  /** @internal */
  public readonly _factory: AlarmFactory;

  constructor(scope: Construct, id: string, props: ComponentAlarmsProps) {
    super(scope, id);
    const action = new cloudwatchActions.SnsAction(props.topic);
    this._factory = new AlarmFactory(this, props.runbooksUrl ?? RUNBOOKS_URL, [action]);
    const watched: WatchedComponent = watchComponent(this._factory, props);
    this.backupTooOld = watched.backupTooOld;
    this.verifiedBackupTooOld = watched.verifiedBackupTooOld;
    this.backupFailed = watched.backupFailed;
    this.verificationFailed = watched.verificationFailed;
    this.verificationOverdue = watched.verificationOverdue;
    this.retentionOverdue = watched.retentionOverdue;
    this.startsDropped = watched.startsDropped;
    this.startsRefused = watched.startsRefused;
    this.tasksNotStarted = watched.tasksNotStarted;
    this.storageNearlyFull = watched.storageNearlyFull;
    this.newestAge = watched.newestAge;
    this.newestVerifiedAge = watched.newestVerifiedAge;
  }

  /** All of them. */
  public get all(): cloudwatch.Alarm[] {
    return [
      this.backupTooOld,
      this.verifiedBackupTooOld,
      this.backupFailed,
      this.verificationFailed,
      this.verificationOverdue,
      this.startsDropped,
      this.startsRefused,
      ...[this.retentionOverdue, this.tasksNotStarted, this.storageNearlyFull].filter((alarm) => alarm !== undefined),
    ];
  }
}
