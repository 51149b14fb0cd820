import { Duration } from 'aws-cdk-lib';
import * as efs from 'aws-cdk-lib/aws-efs';
import { ScheduledComponentProps } from './scheduled-component';

/**
 * A file system that is backed up as a volume.
 */
export interface FileVolumeOptions {
  /** The file system. It must be reachable from the task's subnets. */
  readonly fileSystem: efs.IFileSystem;

  /**
   * Where in the file system the volume begins, and as whom it is read.
   *
   * @default - a new one: the whole file system, as root, so that every file can be read
   */
  readonly accessPoint?: efs.IAccessPoint;
}

/**
 * A backup of files.
 */
export interface FileSystemBackupProps extends ScheduledComponentProps {
  /**
   * How often everything is stored again, in whole seconds. In between, what changed is stored; a restore reads all archives since.
   *
   * @default Duration.days(7)
   */
  readonly fullEvery?: Duration;

  /**
   * A volume with fewer files counts as not mounted, or emptied: its backup fails.
   *
   * @default 1
   */
  readonly minimumFiles?: number;

  /**
   * Level of zstd, 1 to 19. Higher ones cost much more processor time for little less to store.
   *
   * @default 1
   */
  readonly compressionLevel?: number;
}
