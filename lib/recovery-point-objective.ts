import { Annotations, Duration } from 'aws-cdk-lib';
import { recoveryPointProblem } from './objectives';
import { ManagedWindow } from './managed-window';
import { PostgresBackupAdditions } from './postgres-backup-additions';

/**
 * Refuses a recovery point objective that nothing of the backup can give. The archive of the log is added later, so that it is looked
 * for at synthesis.
 */
export function requireRecoveryPoint(backup: PostgresBackupAdditions, managedWindow: ManagedWindow | undefined): void {
  const { recoveryPointObjective: objective, plan, source } = backup;
  const problem = objective && recoveryPointProblem(objective, plan);
  if (!objective || !problem) return;
  if (source.isManaged) {
    if (!managedWindow || managedWindow.recoveryPointObjective.toSeconds() > objective.toSeconds()) {
      const least = managedWindow?.recoveryPointObjective.toHumanString();
      const window = least === undefined ? 'The window of AWS is not watched' : `The window of AWS gives ${least}`;
      throw new Error([problem.what, problem.hint, `${window}: see managedWindow.`].join('\n  '));
    }
    noteThatTheWindowGivesIt(backup, objective);
    return;
  }
  backup.node.addValidation({
    validate: () => (logGives(backup, objective) ? [] : [[problem.what, problem.hint, WITH_LOG].join('\n  ')]),
  });
}

const WITH_LOG = 'Or attach the archive of the log with base backups: addWalArchive, then addBaseBackup.';

/** What goes with the account is no backup of the account. */
function noteThatTheWindowGivesIt(backup: PostgresBackupAdditions, objective: Duration): void {
  const interval = backup.plan.mostFrequentRule.longestInterval.toHumanString();
  Annotations.of(backup).addInfo(
    `recoveryPointObjective of ${objective.toHumanString()} is kept by the window of AWS alone, which goes with the account and the ` +
      `database; what is in the vault is up to ${interval} old`,
  );
}

function logGives({ wal, baseBackup }: PostgresBackupAdditions, objective: Duration): boolean {
  return (
    wal !== undefined && baseBackup !== undefined && wal.recoveryPointObjective.toSeconds() <= objective.toSeconds()
  );
}
