import { BackupComponent } from './backup-component';
import { FullRead } from './full-read';
import { PostgresBackup } from './postgres-backup';
import { PostgresBackupProps } from './postgres-backup-props';

/** What reads the newest recovery point whole: where it is asked for, or where the store keeps no checksums. */
export function createFullRead(
  backup: PostgresBackup,
  { verification, alarms }: PostgresBackupProps,
): FullRead | undefined {
  if (!verification?.fullRead && backup.vault.checksums) return undefined;
  const created = new FullRead(backup, 'FullRead', {
    ...backup.componentDefaults,
    ...verification?.fullRead,
    component: BackupComponent.DUMP,
    expectations: backup.verification.expectations,
    reports: backup.reports,
    topic: backup.alarmTopic,
    runbooksUrl: alarms?.runbooksUrl,
  });
  backup.notifications.addAlarms([created.overdue]);
  backup.dashboard.addAlarms([created.overdue]);
  return created;
}
