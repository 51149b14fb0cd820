/** Whether a moment is in the window that AWS keeps: what is known to be out of it is refused before anything is asked for. */
import { BackupError } from '../../errors';
import { formatDuration } from '../../observe/format';
import type { ManagedTarget, RestorableDatabase } from './types';

/** @throws `point-missing` for a moment out of the window. Gives what could not be found out. */
export function checkWindow(source: RestorableDatabase, target: ManagedTarget, now: Date): readonly string[] {
  const { identifier, earliest, latest, retentionDays } = source;
  if (source.memberOf !== undefined) {
    throw new BackupError('configuration-invalid', `the instance "${identifier}" belongs to a cluster`, {
      detail: `The cluster "${source.memberOf}" has the window.`,
      hint: `Give --rds-cluster ${source.memberOf} and --new-cluster.`,
    });
  }
  if (retentionDays === 0) throw outOfWindow(identifier, 'automated backups are off: AWS keeps no window of it');
  if (target.kind === 'latest') return latest ? [] : [unknown('newest')];
  if (latest && target.at > latest) {
    const age = formatDuration(Math.max(0, now.getTime() - latest.getTime()));
    throw outOfWindow(identifier, `the newest moment that can be restored is ${latest.toISOString()}, ${age} ago`);
  }
  if (earliest && target.at < earliest) {
    throw outOfWindow(identifier, `the oldest moment that can be restored is ${earliest.toISOString()}`);
  }
  return [...(latest ? [] : [unknown('newest')]), ...(earliest ? [] : [unknown('oldest')])];
}

function unknown(which: string): string {
  return `AWS does not say the ${which} moment that can be restored: whether this one can is left to it`;
}

function outOfWindow(identifier: string, detail: string): BackupError {
  return new BackupError('point-missing', `AWS cannot restore "${identifier}" to that moment`, {
    detail,
    hint: 'Give a moment within the window, --to-latest, or restore a recovery point from the vault, which may reach further back.',
  });
}
