import { Duration, Token } from 'aws-cdk-lib';
import { EXIT } from '../model';
import { WalSettingsOptions } from './wal-archive-props';

/** What the settings are about. */
export interface WalPlace {
  readonly vaultUri: string;
  readonly sourceName: string;
  readonly region: string;
}

/** The settings of a server that archives, and of one that recovers from what was archived. */
export class WalSettings {
  readonly archiveCommand: string;
  readonly restoreCommand: string;
  readonly archiveTimeout: Duration;

  constructor(place: WalPlace, options: WalSettingsOptions) {
    const program = harmless('program', options.program ?? 'postgres-backup');
    const socket = harmless('socketPath', options.socketPath ?? '/run/postgres-backup/archive.sock');
    const spool = options.spoolDirectory && harmless('spoolDirectory', options.spoolDirectory);
    this.archiveTimeout = checkedTimeout(options.archiveTimeout ?? Duration.minutes(1));
    const run = (command: string) =>
      `AWS_REGION=${place.region} ${program} ${command} --vault ${place.vaultUri} --source ${place.sourceName}`;
    // Whatever a part of it ends with, or is killed by, the server sees 0 or 1: what it would take for no failure is none.
    this.archiveCommand = [
      `curl -sf -m ${HELPER_SECONDS} -o /dev/null --unix-socket ${socket} http://helper/archive/%f`,
      run('archive-push %p'),
      'exit 1',
    ].join(' || ');
    // Only what is certain ends recovery.
    const get = `${run('archive-get %f %p')}${spool ? ` --spool ${spool}` : ''}`;
    this.restoreCommand = `${get}; s=$?; [ $s -eq ${EXIT.ok} ] || [ $s -eq ${EXIT.notArchived} ] || exit ${EXIT.recoveryMustStop}; exit $s`;
  }

  /** For the end of `postgresql.conf`. */
  get file(): string {
    return [
      '# The write-ahead log is archived; archive_mode needs a restart, the others a reload.',
      'wal_level = replica',
      'archive_mode = on',
      `archive_timeout = ${this.archiveTimeout.toSeconds()}`,
      `archive_command = '${this.archiveCommand}'`,
      '# Read by a standby, or by a server that recovers.',
      `restore_command = '${this.restoreCommand}'`,
      '',
    ].join('\n');
  }
}

/** The helper answers at once, or when the file is pushed; after this the command pushes by itself. */
const HELPER_SECONDS = 60;

/** They stand in a shell's line, in quotes of the server's. */
function harmless(name: string, value: string): string {
  if (!Token.isUnresolved(value) && /^[A-Za-z0-9/._-]+$/.test(value) && (name === 'program' || value.startsWith('/')))
    return value;
  throw new Error(`${name} is '${value}', but must be a path of letters, digits, '.', '_' and '-', from the root on`);
}

function checkedTimeout(timeout: Duration): Duration {
  if (!timeout.isUnresolved() && timeout.toSeconds() >= 1 && timeout.toSeconds() <= 3600) return timeout;
  throw new Error(`archiveTimeout is ${timeout.toString()}, but must be from 1 second to 1 hour`);
}
