import { Duration } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { ComponentAlarmOptions } from './backup-alarms-props';
import { BackupDashboard } from './backup-dashboard';
import { BackupNotifications } from './backup-notifications';
import { BackupPlan } from './backup-plan';
import { IBackupVault } from './backup-vault-props';
import { PostgresBackupMetrics } from './postgres-backup-metrics';
import { PostgresSource } from './postgres-source';
import { ScheduledComponent, ScheduledComponentProps } from './scheduled-component';

/**
 * What a `PostgresBackup` consists of, for whatever is added to it.
 */
export abstract class PostgresBackupParts extends PostgresBackupMetrics {
  /** When backups are made and how long they are kept. */
  public abstract readonly plan: BackupPlan;
  /** Cluster that the tasks run in. */
  public abstract readonly cluster: ecs.ICluster;
  /** What is protected. */
  public abstract readonly source: PostgresSource;
  /** Where backups are stored. */
  public abstract readonly vault: IBackupVault;
  /** What a component is given that is added with `addComponent`: vault, plan, network, cluster and the like. */
  public abstract readonly componentDefaults: ScheduledComponentProps;
  /** Everything that is backed up, the dump first. */
  public abstract readonly components: ScheduledComponent[];
  /** Where alarms are published to. */
  public abstract readonly alarmTopic: sns.ITopic;
  /** What tells people of them. */
  public abstract readonly notifications: BackupNotifications;
  /** Everything at a glance. */
  public abstract readonly dashboard: BackupDashboard;
  /**
   * How much may be lost, at most.
   *
   * @default - not stated
   */
  public abstract readonly recoveryPointObjective?: Duration;
  /**
   * Where the runbooks that alarms link to are found.
   *
   * @internal
   */
  public abstract readonly _runbooksUrl?: string;

  /**
   * Verifies, ends, watches and shows another component, by the same functions as the dump.
   *
   * @param component made with `componentDefaults`; each kind of component once
   * @param options when its alarms go off; from its plan unless it is said
   */
  public abstract addComponent(component: ScheduledComponent, options?: ComponentAlarmOptions): void;
}
