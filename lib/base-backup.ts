import { Duration, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ENVIRONMENT, FIRST_INCREMENTAL_MAJOR } from '../model';
import { BackupComponent } from './backup-component';
import { BaseBackupCheckpoint, BaseBackupProps } from './base-backup-props';
import { ScheduledComponent } from './scheduled-component';
import { addScratchVolume } from './scratch-volume';

/**
 * Backs the files of a whole server up on a schedule, with stock `pg_basebackup`. With the log after it in the archive, every later
 * moment can be restored.
 *
 * The task may find what the WAL archive holds, and read none of it. A server with tablespaces needs `ephemeralStorage` of its size.
 * One that stores what changed may read which files there were, by name and digest, and none of them.
 */
export class BaseBackup extends ScheduledComponent {
  constructor(scope: Construct, id: string, props: BaseBackupProps) {
    checkArchive(props);
    checkIncremental(props);
    super(scope, id, props, {
      component: BackupComponent.BASE_BACKUP,
      command: ['backup', 'base-backup'],
      environment: {
        ...props.source.environment,
        ...(props.incremental && {
          [ENVIRONMENT.incremental]: 'true',
          [ENVIRONMENT.fullEvery]: String(wholeSeconds(props.fullEvery ?? Duration.days(7))),
        }),
        [ENVIRONMENT.checkpoint]: props.checkpoint ?? BaseBackupCheckpoint.FAST,
        [ENVIRONMENT.fromStandby]: String(props.fromStandby ?? false),
        [ENVIRONMENT.walTimeout]: walTimeout(props),
        [ENVIRONMENT.compressionLevel]: level(props.compressionLevel ?? 1),
      },
    });
    props.source.grantConnect(this.task);
    props.source.allowConnectionsFrom(this.task.connections);
    props.wal.grantFind(this.task);
    if (props.incremental) props.vault.grantBuildOn(this.task, props.sourceName, BackupComponent.BASE_BACKUP);
    // For what lies on a disk on its way.
    addScratchVolume(this.task);
  }
}

/** A base backup looks for its log beside itself. */
function checkArchive({ sourceName, source, wal, vault }: BaseBackupProps): void {
  if (source.sourceName !== sourceName) {
    throw new Error(`source is '${source.sourceName}', but sourceName is '${sourceName}': they must be the same`);
  }
  if (wal.sourceName !== sourceName) {
    throw new Error(`wal is the archive of '${wal.sourceName}', but the base backups are of '${sourceName}'`);
  }
  if (wal.vault !== vault) {
    throw new Error(`wal archives into another vault than '${vault.vaultUri}': a base backup needs its log beside it`);
  }
}

function checkIncremental({ incremental, fullEvery, postgresVersion }: BaseBackupProps): void {
  if (!incremental && fullEvery)
    throw new Error('fullEvery is given without incremental: each base backup is full then');
  if (incremental && Number(postgresVersion.major) < FIRST_INCREMENTAL_MAJOR) {
    throw new Error(
      `incremental is true, but PostgreSQL ${postgresVersion.major} makes only full base backups: ` +
        `${FIRST_INCREMENTAL_MAJOR} is the first that makes others`,
    );
  }
}

function wholeSeconds(fullEvery: Duration): number {
  if (fullEvery.isUnresolved()) return fullEvery.toSeconds();
  const seconds = fullEvery.toSeconds({ integral: false });
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= Duration.days(366).toSeconds()) return seconds;
  throw new Error(`fullEvery is ${seconds} seconds, but must be whole seconds, at most 366 days`);
}

function walTimeout({ walTimeout: stated = Duration.minutes(15), wal }: BaseBackupProps): string {
  const seconds = stated.toSeconds();
  if (seconds > wal.archiveTimeout.toSeconds() && seconds <= 86_400) return String(seconds);
  throw new Error(
    `walTimeout is ${stated.toHumanString()}, but must be longer than the archiveTimeout of the archive, ` +
      `${wal.archiveTimeout.toHumanString()}, and a day at most`,
  );
}

function level(value: number): string {
  if (!Token.isUnresolved(value) && (!Number.isInteger(value) || value < 1 || value > 19)) {
    throw new Error(`compressionLevel is ${value}, but must be a whole number from 1 to 19`);
  }
  return String(value);
}
