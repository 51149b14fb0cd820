import { Duration, Lazy, Token } from 'aws-cdk-lib';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ENVIRONMENT, volumeNameProblem } from '../model';
import { BackupComponent } from './backup-component';
import { FileSystemBackupProps, FileVolumeOptions } from './file-system-backup-props';
import { openDefaultPort } from './open-default-port';
import { ScheduledComponent } from './scheduled-component';

/**
 * Backs up EFS file systems on a schedule, with stock GNU tar: in full now and then, what changed in between.
 *
 * One for a source; it may have several volumes, which make one recovery point together. The task mounts them read-only, over TLS,
 * with the rights of its role.
 */
export class FileSystemBackup extends ScheduledComponent {
  private readonly names: string[] = [];

  constructor(scope: Construct, id: string, props: FileSystemBackupProps) {
    super(scope, id, props, {
      component: BackupComponent.FILES,
      command: ['backup', 'files'],
      environment: {
        [ENVIRONMENT.volumes]: Lazy.string({
          produce: () => JSON.stringify(this.names.map((name) => `${name}=${mountPath(name)}`)),
        }),
        [ENVIRONMENT.fullEvery]: String(wholeSeconds(props.fullEvery ?? Duration.days(7))),
        [ENVIRONMENT.minimumFiles]: wholeNumber('minimumFiles', props.minimumFiles ?? 1, 0, 1_000_000_000),
        [ENVIRONMENT.compressionLevel]: wholeNumber('compressionLevel', props.compressionLevel ?? 1, 1, 19),
      },
    });
    props.vault.grantBuildOn(this.task, props.sourceName, BackupComponent.FILES);
    this.node.addValidation({
      validate: () => (this.names.length > 0 ? [] : ['it backs nothing up: call addVolume(name, { fileSystem })']),
    });
  }

  /**
   * Adds a file system to what is backed up.
   *
   * @param name of the volume: a part of every key in the vault, so it never changes
   * @param options what is backed up
   */
  public addVolume(name: string, options: FileVolumeOptions): void {
    const problem = volumeNameProblem(name);
    if (problem) throw new Error(`volume name '${name}' is not usable: ${problem}`);
    if (this.names.includes(name)) throw new Error(`${this.node.path} has a volume '${name}' already`);
    this.names.push(name);
    const { fileSystem, accessPoint = this.createAccessPoint(name, fileSystem) } = options;
    this.mount(name, fileSystem, accessPoint);
    this.allowMount(fileSystem, accessPoint);
    openDefaultPort(this.connections, fileSystem, 'Backup task to the file system');
  }

  /** As root: a backup that leaves out what it may not read would be smaller than anybody knows. */
  private createAccessPoint(name: string, fileSystem: efs.IFileSystem): efs.AccessPoint {
    return new efs.AccessPoint(this, `${name}-access`, { fileSystem, path: '/', posixUser: { uid: '0', gid: '0' } });
  }

  private mount(name: string, fileSystem: efs.IFileSystem, accessPoint: efs.IAccessPoint): void {
    this.task.taskDefinition.addVolume({
      name,
      efsVolumeConfiguration: {
        fileSystemId: fileSystem.fileSystemId,
        transitEncryption: 'ENABLED',
        authorizationConfig: { accessPointId: accessPoint.accessPointId, iam: 'ENABLED' },
      },
    });
    this.task.container.addMountPoints({ sourceVolume: name, containerPath: mountPath(name), readOnly: true });
  }

  /** To mount and to read, through this access point alone; never to write. */
  private allowMount(fileSystem: efs.IFileSystem, accessPoint: efs.IAccessPoint): void {
    this.task.taskDefinition.addToTaskRolePolicy(
      new iam.PolicyStatement({
        // ClientRootAccess: without it, the root of the access point would be nobody.
        actions: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientRootAccess'],
        resources: [fileSystem.fileSystemArn],
        conditions: { StringEquals: { 'elasticfilesystem:AccessPointArn': accessPoint.accessPointArn } },
      }),
    );
  }
}

function mountPath(name: string): string {
  return `/mnt/${name}`;
}

function wholeSeconds(fullEvery: Duration): number {
  if (fullEvery.isUnresolved()) return fullEvery.toSeconds();
  const seconds = fullEvery.toSeconds({ integral: false });
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= Duration.days(366).toSeconds()) return seconds;
  throw new Error(`fullEvery is ${seconds} seconds, but must be whole seconds, at most 366 days`);
}

function wholeNumber(prop: string, value: number, lowest: number, highest: number): string {
  if (!Token.isUnresolved(value) && (!Number.isInteger(value) || value < lowest || value > highest)) {
    throw new Error(`${prop} is ${value}, but must be a whole number from ${lowest} to ${highest}`);
  }
  return String(value);
}
