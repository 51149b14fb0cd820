import { BackupSets } from './backup-sets';
import { PostgresBackup } from './postgres-backup';
import { PostgresBackupProps } from './postgres-backup-props';

/** What makes the sets of a backup, where it is to have any: told of and shown with the rest. */
export function createSets(backup: PostgresBackup, { sets, alarms }: PostgresBackupProps): BackupSets | undefined {
  if (!sets) return undefined;
  const { source, runs, componentDefaults, alarmTopic: topic, notifications, dashboard } = backup;
  const runbooksUrl = alarms?.runbooksUrl;
  const created = new BackupSets(backup, 'Sets', { ...componentDefaults, source, sets, runs, topic, runbooksUrl });
  created.addComponent(backup.dump);
  notifications.addAlarms(created.alarms);
  dashboard.addAlarms(created.alarms);
  return created;
}
