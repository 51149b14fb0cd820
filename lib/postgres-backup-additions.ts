import { addBaseBackup, addWalArchive } from './add-physical';
import { BaseBackup } from './base-backup';
import { ConfigurationBackup } from './configuration-backup';
import { ConfigurationOptions } from './configuration-backup-props';
import { FileSystemBackup } from './file-system-backup';
import { FileVolumeOptions } from './file-system-backup-props';
import { ObjectMirror } from './object-mirror';
import { MirrorOptions } from './object-mirror-props';
import { AddedBaseBackupOptions, AddedWalArchiveOptions } from './physical-options';
import { PostgresBackupParts } from './postgres-backup-parts';
import { WalArchive } from './wal-archive';

/**
 * What can be added to a `PostgresBackup` beside the dump.
 */
export abstract class PostgresBackupAdditions extends PostgresBackupParts {
  /**
   * Mirrors a bucket beside the dump, on the backup's own plan. All mirrors of a backup make one recovery point together. For a
   * plan or a task of its own, make an `ObjectMirror` with `componentDefaults` and add it with `addComponent`, once; this adds
   * mirrors to that one.
   *
   * @param name of the mirror: a part of every key in the vault, so it never changes
   * @param options what is mirrored
   */
  public addObjects(name: string, options: MirrorOptions): ObjectMirror {
    const added = this.components.find((component) => component instanceof ObjectMirror);
    const mirror = added ?? new ObjectMirror(this, 'Objects', this.componentDefaults);
    mirror.addMirror(name, options);
    // After its mirror: what is watched depends on what it is of.
    if (!added) this.addComponent(mirror);
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
