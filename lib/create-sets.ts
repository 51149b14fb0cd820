import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { BackupDashboard } from './backup-dashboard';
import { BackupNotifications } from './backup-notifications';
import { BackupReports } from './backup-reports';
import { BackupSets } from './backup-sets';
import { OnDemandRuns } from './on-demand-runs';
import { PostgresBackupProps } from './postgres-backup-props';
import { PostgresSource } from './postgres-source';
import { ScheduledComponent, ScheduledComponentProps } from './scheduled-component';

/** What of a backup its sets are made with. */
interface SetsOwner extends Construct {
  readonly source: PostgresSource;
  readonly runs: OnDemandRuns;
  readonly componentDefaults: ScheduledComponentProps;
  readonly dump: ScheduledComponent;
  readonly alarmTopic: sns.ITopic;
  readonly notifications: BackupNotifications;
  readonly dashboard: BackupDashboard;
  readonly reports: BackupReports;
}

/** What makes the sets of a backup, where it is to have any: told of and shown with the rest. */
export function createSets(backup: SetsOwner, { sets, alarms }: PostgresBackupProps): BackupSets | undefined {
  if (!sets) return undefined;
  const { source, runs, componentDefaults, alarmTopic: topic, notifications, dashboard } = backup;
  const created = new BackupSets(backup, 'Sets', {
    ...componentDefaults,
    ...{ source, setSchedule: sets, runs, topic },
    runbooksUrl: alarms?.runbooksUrl,
    refusedStarts: alarms?.refusedStarts,
  });
  backup.reports.watchSets(created.task.taskDefinition, componentDefaults.cluster);
  created.addComponent(backup.dump);
  notifications.addAlarms(created.alarms);
  dashboard.addAlarms(created.alarms);
  return created;
}
