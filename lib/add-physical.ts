/** What `PostgresBackup` adds for a server that you run yourself: the archive of its log with a heartbeat, and base backups. */
import { Duration } from 'aws-cdk-lib';
import { BackupPlan } from './backup-plan';
import { BackupRule } from './backup-rule';
import { BaseBackup } from './base-backup';
import { archiveGraph } from './log-widgets';
import { AddedBaseBackupOptions, AddedWalArchiveOptions } from './physical-options';
import { PostgresBackupParts } from './postgres-backup-parts';
import { WalArchive } from './wal-archive';
import { WalHeartbeat } from './wal-heartbeat';

const DEFAULT_OBJECTIVE = Duration.minutes(15);

/** Told of and shown with the rest. */
export function addWalArchive(backup: PostgresBackupParts, options: AddedWalArchiveOptions): WalArchive {
  const { source, componentDefaults, dashboard, notifications } = backup;
  if (source.isManaged) {
    throw new Error(
      `source '${source.sourceName}' is on RDS or Aurora, which archive their log on their own and let nobody else: managedWindow watches that`,
    );
  }
  const objective = options.recoveryPointObjective ?? shorterOf(DEFAULT_OBJECTIVE, backup.recoveryPointObjective);
  const { heartbeat, ...settings } = options;
  const wal = new WalArchive(backup, 'Wal', {
    ...settings,
    recoveryPointObjective: objective,
    sourceName: source.sourceName,
    vault: backup.vault,
    topic: backup.alarmTopic,
    encryptionKey: componentDefaults.encryptionKey,
    deadLetterQueue: backup.deadLetterQueue,
    logRetention: componentDefaults.logRetention,
    removalPolicy: componentDefaults.removalPolicy,
    runbooksUrl: backup._runbooksUrl,
  });
  if (heartbeat?.enabled ?? true) {
    const beating = new WalHeartbeat(wal, 'Heartbeat', { ...componentDefaults, source, interval: heartbeat?.interval });
    requireInTime(beating.interval, wal.archiveTimeout, objective);
  }
  const alarms = [wal.logTooOld, wal.logBroken, wal.retentionFailed];
  notifications.addAlarms(alarms);
  dashboard.addAlarms(alarms);
  dashboard.dashboard.addWidgets(...archiveGraph(wal, objective));
  return wal;
}

export function addBaseBackup(
  backup: PostgresBackupParts,
  wal: WalArchive | undefined,
  options: AddedBaseBackupOptions,
): BaseBackup {
  if (!wal) {
    throw new Error(
      `${backup.node.path} has no archive of the log, without which a base backup restores nothing: call addWalArchive first`,
    );
  }
  const plan = options.plan ?? defaultPlan();
  const { source, componentDefaults } = backup;
  const created = new BaseBackup(backup, 'BaseBackup', { ...componentDefaults, ...options, plan, source, wal });
  backup.addComponent(created);
  return created;
}

/** The log is kept as long as the oldest base backup: every month more costs a month of log. */
function defaultPlan(): BackupPlan {
  return new BackupPlan([
    BackupRule.daily({ keepFor: Duration.days(14) }),
    BackupRule.weekly({ keepFor: Duration.days(35) }),
  ]);
}

/** A heartbeat, the end of its segment and its push, and none of it late. */
function requireInTime(interval: Duration, archiveTimeout: Duration, objective: Duration): void {
  const leastSeconds = interval.toSeconds() + archiveTimeout.toSeconds() + 120;
  if (objective.toSeconds() > leastSeconds) return;
  throw new Error(
    `recoveryPointObjective of the log is ${objective.toHumanString()}, but with a heartbeat every ${interval.toHumanString()} and an ` +
      `archiveTimeout of ${archiveTimeout.toHumanString()} an idle server needs ${Duration.seconds(leastSeconds).toHumanString()}: ` +
      'state a shorter interval of the heartbeat',
  );
}

function shorterOf(usual: Duration, stated: Duration | undefined): Duration {
  return stated && stated.toSeconds() < usual.toSeconds() ? stated : usual;
}
