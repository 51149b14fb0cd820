import { Duration, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../model';
import { BackupComponent } from './backup-component';
import { BaseBackupCheckpoint, BaseBackupProps } from './base-backup-props';
import { ScheduledComponent } from './scheduled-component';

/**
 * Backs the files of a whole server up on a schedule, with stock `pg_basebackup`. With the log after it in the archive, every later
 * moment can be restored.
 *
 * The task may find what the WAL archive holds, and read none of it. A server with tablespaces needs `ephemeralStorage` of its size.
 */
export class BaseBackup extends ScheduledComponent {
  constructor(scope: Construct, id: string, props: BaseBackupProps) {
    checkArchive(props);
    super(scope, id, props, {
      component: BackupComponent.BASE_BACKUP,
      command: ['backup', 'base-backup'],
      environment: {
        ...props.source.environment,
        [ENVIRONMENT.checkpoint]: props.checkpoint ?? BaseBackupCheckpoint.FAST,
        [ENVIRONMENT.fromStandby]: String(props.fromStandby ?? false),
        [ENVIRONMENT.walTimeout]: walTimeout(props),
        [ENVIRONMENT.compressionLevel]: level(props.compressionLevel ?? 1),
      },
    });
    props.source.grantConnect(this.task);
    props.source.allowConnectionsFrom(this.task.connections);
    props.wal.grantFind(this.task);
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
