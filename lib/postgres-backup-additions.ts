import { Duration } from 'aws-cdk-lib';
import * as sns from 'aws-cdk-lib/aws-sns';
import { addBaseBackup, addWalArchive } from './add-physical';
import { ComponentAlarmOptions } from './backup-alarms-props';
import { BackupDashboard } from './backup-dashboard';
import { BackupNotifications } from './backup-notifications';
import { IBackupVault } from './backup-vault-props';
import { BaseBackup } from './base-backup';
import { ConfigurationBackup } from './configuration-backup';
import { ConfigurationOptions } from './configuration-backup-props';
import { FileSystemBackup } from './file-system-backup';
import { FileVolumeOptions } from './file-system-backup-props';
import { ObjectMirror } from './object-mirror';
import { MirrorOptions } from './object-mirror-props';
import { AddedBaseBackupOptions, AddedWalArchiveOptions } from './physical-options';
import { PostgresBackupMetrics } from './postgres-backup-metrics';
import { PostgresSource } from './postgres-source';
import { ScheduledComponent, ScheduledComponentProps } from './scheduled-component';
import { WalArchive } from './wal-archive';

/**
 * What can be added to a `PostgresBackup` beside the dump.
 */
export abstract class PostgresBackupAdditions extends PostgresBackupMetrics {
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
  /**
   * Mirrors a bucket beside the dump, on the backup's own plan. All mirrors of a backup make one recovery point together. For a
   * plan or a task of its own, make an `ObjectMirror` with `componentDefaults` and add it with `addComponent`, once; this adds
   * mirrors to that one.
   *
   * @param name of the mirror: a part of every key in the vault, so it never changes
   * @param options what is mirrored
   */
  public addObjects(name: string, options: MirrorOptions): ObjectMirror {
    let mirror = this.components.find((component) => component instanceof ObjectMirror);
    if (!mirror) {
      mirror = new ObjectMirror(this, 'Objects', this.componentDefaults);
      this.addComponent(mirror);
    }
    mirror.addMirror(name, options);
    return mirror;
  }

  /**
   * Backs up a file system beside the dump, on the backup's own plan. All volumes of a backup make one recovery point together; for
   * other settings, make a `FileSystemBackup` with `componentDefaults` and add it with `addComponent`, once.
   *
   * @param name of the volume: a part of every key in the vault, so it never changes
   * @param options what is backed up
   */
  public addFiles(name: string, options: FileVolumeOptions): FileSystemBackup {
    let files = this.components.find((component) => component instanceof FileSystemBackup);
    if (!files) {
      files = new FileSystemBackup(this, 'Files', this.componentDefaults);
      this.addComponent(files);
    }
    files.addVolume(name, options);
    return files;
  }

  /**
   * Backs up settings and secrets beside the dump, once, on the backup's own plan.
   *
   * @param options what is backed up
   */
  public addConfiguration(options: ConfigurationOptions): ConfigurationBackup {
    const configuration = new ConfigurationBackup(this, 'Configuration', { ...this.componentDefaults, ...options });
    this.addComponent(configuration);
    return configuration;
  }

  /**
   * Archives the log of a server that you run yourself, once: with base backups, every moment can be restored. An idle server is given
   * a heartbeat. Who archives is let in with `wal.grantPush`; `wal.postgresqlConf` says what the server is told.
   *
   * @param options how, and how much of the latest work may be lost
   */
  public addWalArchive(options: AddedWalArchiveOptions = {}): WalArchive {
    return addWalArchive(this, options);
  }

  /**
   * Backs the files of the whole server up beside the dump, once, where `addWalArchive` archives its log.
   *
   * @param options how and when
   */
  public addBaseBackup(options: AddedBaseBackupOptions = {}): BaseBackup {
    return addBaseBackup(this, this.wal, options);
  }

  /**
   * The archive of the log, where `addWalArchive` made one.
   *
   * @default - none
   */
  public get wal(): WalArchive | undefined {
    return this.node.tryFindChild('Wal') as WalArchive | undefined;
  }

  /**
   * The base backups, where there are any.
   *
   * @default - none
   */
  public get baseBackup(): BaseBackup | undefined {
    return this.components.find((component) => component instanceof BaseBackup);
  }
}
