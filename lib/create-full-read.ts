import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { BackupComponent } from './backup-component';
import { BackupDashboard } from './backup-dashboard';
import { BackupNotifications } from './backup-notifications';
import { BackupReports } from './backup-reports';
import { IBackupVault } from './backup-vault-props';
import { FullRead } from './full-read';
import { PostgresBackupProps } from './postgres-backup-props';
import { ScheduledComponentProps } from './scheduled-component';
import { Verification } from './verification';

/** What of a backup its full read is made with. */
interface FullReadOwner extends Construct {
  readonly vault: IBackupVault;
  readonly componentDefaults: ScheduledComponentProps;
  readonly verification: Verification;
  readonly reports: BackupReports;
  readonly alarmTopic: sns.ITopic;
  readonly notifications: BackupNotifications;
  readonly dashboard: BackupDashboard;
}

/** What reads the newest recovery point whole: where it is asked for, or where the store keeps no checksums. */
export function createFullRead(
  backup: FullReadOwner,
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
