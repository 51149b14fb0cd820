import { alarmAges } from './alarm-ages';
import { BackupComponent } from './backup-component';
import { BackupReports, BackupReportsProps } from './backup-reports';
import { PostgresBackupParts } from './postgres-backup-parts';
import { PostgresBackupProps } from './postgres-backup-props';

/** What reports on the runs and days of a backup. */
export function createReports(
  backup: PostgresBackupParts,
  watched: Omit<BackupReportsProps, 'newestAge' | 'newestVerifiedAge' | 'topic'>,
  { alarms, heartbeat, reports }: PostgresBackupProps,
): BackupReports {
  const { plan, vault, dump, cluster, alarmTopic: topic } = backup;
  const [newestAge, newestVerifiedAge] = alarmAges({ ...alarms, plan, vault });
  const options = { ...watched, ...reports, newestAge, newestVerifiedAge, heartbeat, topic };
  const created = new BackupReports(backup, 'Reports', options);
  created.watchTask(BackupComponent.DUMP, dump.task.taskDefinition, cluster);
  return created;
}
