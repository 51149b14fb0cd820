import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { AlarmTopic } from './alarm-topic';
import { BackupAlarms } from './backup-alarms';
import { ComponentAlarmOptions } from './backup-alarms-props';
import { createCluster } from './backup-cluster';
import { BackupComponent } from './backup-component';
import { BackupDashboard } from './backup-dashboard';
import { BackupFreshness } from './backup-freshness';
import { BackupNotifications } from './backup-notifications';
import { BackupPlan } from './backup-plan';
import { BackupReports } from './backup-reports';
import { BackupSets } from './backup-sets';
import { BackupVault } from './backup-vault';
import { IBackupVault } from './backup-vault-props';
import { requireFit } from './component-fit';
import { noteCosts } from './cost-notes';
import { createFullRead } from './create-full-read';
import { createManagedWindow } from './create-managed-window';
import { createReports } from './create-reports';
import { createSets } from './create-sets';
import { createDeadLetterQueue } from './dead-letter-queue';
import { drillId } from './drilled-component';
import { FullRead } from './full-read';
import { logEncryptionKey } from './log-encryption-key';
import { ManagedWindow } from './managed-window';
import { warnThatNobodyIsTold } from './nobody-is-told';
import { requireRecoveryTimeObjective } from './objectives';
import { OnDemandRuns } from './on-demand-runs';
import { PgDumpBackup } from './pg-dump-backup';
import { PostgresBackupAdditions } from './postgres-backup-additions';
import { PostgresBackupProps } from './postgres-backup-props';
import { PostgresSource } from './postgres-source';
import { requireRecoveryPoint } from './recovery-point-objective';
import { RestoreDrill } from './restore-drill';
import { ComponentDrillOptions, DrillOptions } from './restore-drill-props';
import { Retention } from './retention';
import { Runbook } from './runbook';
import { ScheduledComponent, ScheduledComponentProps } from './scheduled-component';
import { StorageTiers } from './storage-tiers';
import { Verification } from './verification';

/**
 * Backs up a PostgreSQL system: the construct to begin with.
 *
 *     new PostgresBackup(this, 'Backup', { source: PostgresSource.fromDatabaseInstance(database), vpc });
 */
export class PostgresBackup extends PostgresBackupAdditions implements ec2.IConnectable {
  /** What is protected. */
  public readonly source: PostgresSource;
  /** Where backups are stored. */
  public readonly vault: IBackupVault;
  /** When backups are made and how long they are kept. */
  public readonly plan: BackupPlan;
  /** Cluster that the tasks run in. */
  public readonly cluster: ecs.ICluster;
  /** Starts that could not be made, kept for 14 days for a person to look at. */
  public readonly deadLetterQueue: sqs.Queue;
  /** The `pg_dump` backups. */
  public readonly dump: PgDumpBackup;
  /** What a component is given that is added with `addComponent`: vault, plan, network, cluster and the like. */
  public readonly componentDefaults: ScheduledComponentProps;
  /** What starts them on demand. */
  public readonly runs: OnDemandRuns;
  /** What verifies them. */
  public readonly verification: Verification;
  /**
   * What reads the newest of them whole.
   *
   * @default - nothing: the store keeps checksums, and no other is asked for
   */
  public readonly fullRead?: FullRead;
  /**
   * What makes sets on a schedule.
   *
   * @default - nothing: `sets` was not stated
   */
  public readonly sets?: BackupSets;
  /** How to restore, with the names of this stack; kept in the vault. */
  public readonly runbook: Runbook;
  /**
   * What watches the window of RDS or Aurora.
   *
   * @default - nothing: the source is on neither, or it was not wanted
   */
  public readonly managedWindow?: ManagedWindow;
  /** What ends those whose time is over. */
  public readonly retention: Retention;
  /** What publishes how they stand. */
  public readonly freshness: BackupFreshness;
  /** What reports on them. */
  public readonly reports: BackupReports;
  /** Where alarms are published to. */
  public readonly alarmTopic: sns.ITopic;
  /** The alarms. */
  public readonly alarms: BackupAlarms;
  /** What tells people of them. */
  public readonly notifications: BackupNotifications;
  /** Everything at a glance. */
  public readonly dashboard: BackupDashboard;
  /** Network connections of the tasks. */
  public readonly connections: ec2.Connections;
  /**
   * How much may be lost, at most.
   *
   * @default - not stated
   */
  public readonly recoveryPointObjective?: Duration;
  /**
   * How long a restore may take.
   *
   * @default - not stated
   */
  public readonly recoveryTimeObjective?: Duration;

  /** @internal */
  public readonly _runbooksUrl?: string;

  private readonly added: ScheduledComponent[] = [];

  constructor(scope: Construct, id: string, props: PostgresBackupProps) {
    super(scope, id);
    this._runbooksUrl = props.alarms?.runbooksUrl;
    this.source = props.source;
    this.plan = props.plan ?? BackupPlan.production();
    this.recoveryPointObjective = props.recoveryPointObjective;
    this.recoveryTimeObjective = props.recoveryTimeObjective;
    if (this.recoveryTimeObjective) requireRecoveryTimeObjective(this.recoveryTimeObjective);
    props.sets?._bind(this.plan);
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.vault = props.vault ?? new BackupVault(this, 'Vault', { encryptionKey: props.encryptionKey, removalPolicy });
    this.cluster = props.cluster ?? createCluster(this, props.vpc);
    this.deadLetterQueue = createDeadLetterQueue(this, 'DeadLetters');
    const shared = {
      vault: this.vault,
      plan: this.plan,
      sets: props.sets,
      deadLetterQueue: this.deadLetterQueue,
      encryptionKey: logEncryptionKey(this, props.encryptionKey, this.vault.encryptionKey, removalPolicy),
    };
    this.componentDefaults = {
      ...shared,
      sourceName: this.source.sourceName,
      postgresVersion: this.source.postgresVersion,
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      cluster: this.cluster,
      cpuArchitecture: props.cpuArchitecture,
      image: props.image,
      logRetention: props.logRetention,
      removalPolicy: props.removalPolicy,
    };
    this.dump = new PgDumpBackup(this, 'Dump', { ...props, ...this.componentDefaults });
    this.connections = this.dump.connections;
    this.runs = new OnDemandRuns(this, 'Runs', { ...this.componentDefaults });
    this.runs.addComponent(this.dump);

    const watched = {
      ...shared,
      sourceName: this.source.sourceName,
      component: BackupComponent.DUMP,
      logRetention: props.logRetention,
      removalPolicy,
    };
    this.verification = new Verification(this, 'Verification', {
      ...watched,
      minimumTables: props.minimumTables,
      ...props.verification,
    });
    this.retention = new Retention(this, 'Retention', { ...watched, ...props.retention });
    this.freshness = new BackupFreshness(this, 'Freshness', watched);
    this.alarmTopic = props.alarmTopic ?? new AlarmTopic(this, 'AlarmTopic').topic;
    this.reports = createReports(this, watched, props);
    this.alarms = new BackupAlarms(this, 'Alarms', {
      ...watched,
      ...props.alarms,
      ...this.watchedBase(this.dump),
      functions: {
        Verification: this.verification.function,
        Retention: this.retention.function,
        Reports: this.reports.function,
      },
    });
    this.notifications = new BackupNotifications(this, 'Notifications', {
      ...watched,
      notify: props.notify ?? [],
      topic: this.alarmTopic,
      alarms: this.alarms.all,
    });
    warnThatNobodyIsTold(this, this.source.sourceName, props);
    this.dashboard = new BackupDashboard(this, 'Dashboard', {
      ...watched,
      freshness: this.freshness,
      alarms: this.alarms,
    });
    this.fullRead = createFullRead(this, props);
    this.sets = createSets(this, props);
    this.managedWindow = createManagedWindow(this, props);
    requireRecoveryPoint(this, this.managedWindow);
    this.runbook = new Runbook(this, 'Runbook', this);
    noteCosts(this, {
      sourceName: this.source.sourceName,
      plan: this.plan,
      tiers: this.vault.storageTiers ?? StorageTiers.none(),
      size: props.estimatedSize,
      task: props,
    });
  }

  /** Everything that is backed up, the dump first. */
  public get components(): ScheduledComponent[] {
    return [this.dump, ...this.added];
  }

  /**
   * Verifies, ends, watches and shows another component, by the same functions as the dump.
   *
   * @param component made with `componentDefaults`; each kind of component once
   * @param options when its alarms go off; from its plan unless it is said
   */
  public addComponent(component: ScheduledComponent, options: ComponentAlarmOptions = {}): void {
    requireFit(this, component);
    this.added.push(component);
    this.runs.addComponent(component);
    this.sets?.addComponent(component);
    this.verification.addComponent(component.component);
    component._letVerify(this.verification.function);
    this.retention.addComponent(component.component, component.plan);
    component._letExpire(this.retention.function);
    this.freshness.addComponent(component.component);
    this.reports.watchTask(component.component, component.task.taskDefinition, this.cluster);
    const alarms = this.alarms.addComponent({
      ...options,
      ...this.watchedBase(component),
      plan: component.plan,
      dataLag: component._dataLag,
    });
    this.notifications.addAlarms([...alarms.all, ...component._alarms(alarms._factory)]);
    this.dashboard.addComponent({ component: component.component, alarms });
  }

  /**
   * Restores the newest verified backup for practice, weekly unless told otherwise, and sounds an alarm when it cannot be
   * restored, is not as it was, or takes longer than `recoveryTimeObjective`.
   *
   * @param options when, and what must hold in the restored database
   */
  public addDrill(options: DrillOptions = {}): RestoreDrill {
    const drill = new RestoreDrill(this, 'Drill', {
      ...this.componentDefaults,
      runbooksUrl: this._runbooksUrl,
      recoveryTimeObjective: this.recoveryTimeObjective,
      topic: this.alarmTopic,
      ...options,
    });
    this.showDrill(drill);
    return drill;
  }

  /**
   * Restores the newest verified backup of another component for practice: a base backup to a moment by lot, objects and files by
   * lot and once a month all of them, a configuration in memory. In a task of its own, which reads that component alone.
   *
   * @param component that was added to this backup
   * @param options when, how much, and what must hold
   */
  public addComponentDrill(component: ScheduledComponent, options: ComponentDrillOptions = {}): RestoreDrill {
    if (!this.added.includes(component)) {
      throw new Error(
        `${component.node.path} is no component of this backup: add it first, or use addDrill for the dump`,
      );
    }
    const drill = new RestoreDrill(this, drillId(component.component), {
      ...this.componentDefaults,
      plan: component.plan,
      component: component.component,
      runbooksUrl: this._runbooksUrl,
      recoveryTimeObjective: this.recoveryTimeObjective,
      topic: this.alarmTopic,
      ...options,
    });
    component._letDrill(drill.task);
    this.showDrill(drill);
    return drill;
  }

  /**
   * Lets a role run backups of the source on demand, with `postgres-backup run`. It reads none of the data.
   *
   * @param grantee who may run backups
   */
  public grantRun(grantee: iam.IGrantable): iam.Grant {
    return this.runs.grantRun(grantee);
  }

  /**
   * Lets a role read every backup of the source. Whoever restores sees all data: grant it to few.
   *
   * @param grantee who may restore
   */
  public grantRestore(grantee: iam.IGrantable): iam.Grant {
    this.runbook.addRestorer(grantee);
    return this.vault.grantRestore(grantee, this.source.sourceName);
  }

  private showDrill({ component, alarms }: RestoreDrill): void {
    this.notifications.addAlarms(alarms.all);
    this.dashboard.addDrill({ component, alarms, recoveryTimeObjective: this.recoveryTimeObjective });
  }

  /** What the alarms of each component are told alike. */
  private watchedBase({ component, task, ephemeralStorage, schedules }: ScheduledComponent) {
    return {
      sourceName: this.source.sourceName,
      component,
      vault: this.vault,
      freshness: this.freshness,
      retention: this.retention,
      reports: this.reports,
      storage: ephemeralStorage && { cluster: this.cluster, family: task.taskDefinition.family },
      scheduleGroup: schedules.group,
      topic: this.alarmTopic,
      runbooksUrl: this._runbooksUrl,
    };
  }
}
