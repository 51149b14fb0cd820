/** Metrics, their namespace and dimensions: what emits them, what alarms on them and what draws them share this page. */
export const METRIC_NAMESPACE = 'PostgresBackup';

export const METRIC_DIMENSIONS = ['Source', 'Component'] as const;

export const METRICS = {
  /** 1 when a run succeeded. */
  backupSucceeded: { name: 'BackupSucceeded', unit: 'Count' },
  /** 1 when a run failed. */
  backupFailed: { name: 'BackupFailed', unit: 'Count' },
  backupDuration: { name: 'BackupDuration', unit: 'Seconds' },
  /** Bytes the vault holds of this recovery point. */
  backupSize: { name: 'BackupSize', unit: 'Bytes' },
  backupRows: { name: 'BackupRows', unit: 'Count' },
  /** Objects, files, entries: what a recovery point of another component than the dump holds. */
  backupItems: { name: 'BackupItems', unit: 'Count' },
  /** Recovery points that a verification found good; 0 when it looked at some and none was. */
  verificationPassed: { name: 'VerificationPassed', unit: 'Count' },
  verificationFailed: { name: 'VerificationFailed', unit: 'Count' },
  /** Recovery points of which it could not be found out whether they are good. */
  verificationUnverified: { name: 'VerificationUnverified', unit: 'Count' },
  /** Recovery points whose size or rows are out of line with those before them. */
  verificationAnomalies: { name: 'VerificationAnomalies', unit: 'Count' },
  /** Since the newest good recovery point was begun; `NO_POINT_AGE_SECONDS` when there is none. Published all the time. */
  newestAge: { name: 'NewestBackupAge', unit: 'Seconds' },
  /** Since the newest verified recovery point was begun; `NO_POINT_AGE_SECONDS` when there is none. Published all the time. */
  newestVerifiedAge: { name: 'NewestVerifiedBackupAge', unit: 'Seconds' },
  /**
   * Since the last verification of the kept recovery point of which it is longest ago; of one that never was verified, since its
   * manifest. 0 when none is kept. Published all the time.
   */
  oldestVerificationAge: { name: 'OldestVerificationAge', unit: 'Seconds' },
  /** 1 while the last scheduled run of some class is a failed one, 0 otherwise. Published all the time. */
  lastRunFailed: { name: 'LastRunFailed', unit: 'Count' },
  /**
   * Kept recovery points whose last verification did not pass; one that is only unlike those before it counts while it is the
   * newest. Published all the time.
   */
  pointsNotGood: { name: 'RecoveryPointsNotGood', unit: 'Count' },
  /** Published all the time. */
  pointsKept: { name: 'RecoveryPointsKept', unit: 'Count' },
  /** Of the newest good recovery point. */
  newestSize: { name: 'NewestBackupSize', unit: 'Bytes' },
  newestRows: { name: 'NewestBackupRows', unit: 'Count' },
  /** Objects, files, entries: what a recovery point of another component than the dump holds. */
  newestItems: { name: 'NewestBackupItems', unit: 'Count' },
  newestDuration: { name: 'NewestBackupDuration', unit: 'Seconds' },
  /** 1 while the key of the vault can encrypt and decrypt, 0 when it is disabled or about to be deleted. Published all the time. */
  keyUsable: { name: 'EncryptionKeyUsable', unit: 'Count' },
  /** 1 when a task was stopped before its program ran. */
  taskNotStarted: { name: 'TaskNotStarted', unit: 'Count' },
  /** 1 when a task read a recovery point whole and found it good. */
  fullReadPassed: { name: 'FullReadPassed', unit: 'Count' },
  /** 1 when the dead man's switch did not take a message. */
  heartbeatFailed: { name: 'HeartbeatFailed', unit: 'Count' },
  /** 1 when a run of the retention looked at everything and marked all that ends. */
  retentionSucceeded: { name: 'RetentionSucceeded', unit: 'Count' },
  /** 1 when it could not, or not all. Nothing is lost by that, but what ends stays and costs. */
  retentionFailed: { name: 'RetentionFailed', unit: 'Count' },
  /** Recovery points that a run of the retention marked to be deleted. */
  pointsExpired: { name: 'RecoveryPointsExpired', unit: 'Count' },
  /** Since the newest set that can be restored was begun; `NO_POINT_AGE_SECONDS` when there is none. Published all the time, once there was a set. */
  newestSetAge: { name: 'NewestSetAge', unit: 'Seconds' },
  /** 1 while the newest set of a schedule is none to restore, 0 otherwise. Published like the age. */
  lastSetFailed: { name: 'LastSetFailed', unit: 'Count' },
  /** 1 when a drill restored a recovery point and found it as it was. */
  drillPassed: { name: 'DrillPassed', unit: 'Count' },
  /** 1 when it did not. */
  drillFailed: { name: 'DrillFailed', unit: 'Count' },
  /** 1 when a drill could not find out. */
  drillUnverified: { name: 'DrillUnverified', unit: 'Count' },
  /** Since the newest drill that passed was begun; of an old point that somebody asked for, none counts. Published all the time, once there was a drill. */
  newestDrilledAge: { name: 'NewestDrilledAge', unit: 'Seconds' },
  /** 1 while the newest drill is one that failed, 0 otherwise. Published like the age. */
  lastDrillFailed: { name: 'LastDrillFailed', unit: 'Count' },
  /** 1 while the newest drill is one that could not find out, 0 otherwise. Published like the age. */
  lastDrillUnverified: { name: 'LastDrillUnverified', unit: 'Count' },
  /** What a restore would take with as much data as there is now, by the newest drill that passed. Published like the age. */
  projectedRestoreDuration: { name: 'ProjectedRestoreDuration', unit: 'Seconds' },
  /** Of the whole drill. */
  drillDuration: { name: 'DrillDuration', unit: 'Seconds' },
  /** What a restore took in a drill: the measured recovery time. */
  drillRestoreDuration: { name: 'DrillRestoreDuration', unit: 'Seconds' },
  restoreSucceeded: { name: 'RestoreSucceeded', unit: 'Count' },
  restoreFailed: { name: 'RestoreFailed', unit: 'Count' },
  restoreDuration: { name: 'RestoreDuration', unit: 'Seconds' },
  /** Since the store received the newest segment of the log; `NO_POINT_AGE_SECONDS` when there is none. What a disaster would lose. */
  walAge: { name: 'WalArchiveAge', unit: 'Seconds' },
  /** What an audit of the WAL archive found to be wrong: gaps, conflicts, base backups that miss a part of their log. */
  walFindings: { name: 'WalFindings', unit: 'Count' },
  /** 1 while the receiver streams the log, 0 when it was interrupted. Silent when it does not run. */
  walReceiverStreaming: { name: 'WalReceiverStreaming', unit: 'Count' },
  /** Since the oldest moment at which the server had log that is not archived yet; 0 when all is. Published while it is received. */
  walReceiverLag: { name: 'WalReceiverLag', unit: 'Seconds' },
  /** What the server has written and is not archived yet. */
  walReceiverBehind: { name: 'WalReceiverBehind', unit: 'Bytes' },
  /** What the server keeps on its disk for the receiver. */
  walSlotRetained: { name: 'WalSlotRetained', unit: 'Bytes' },
  /** Files of the log that were marked to be deleted. */
  walExpired: { name: 'WalFilesExpired', unit: 'Count' },
  /** Since the newest moment that RDS or Aurora can restore on its own. What a disaster would lose there. Silent when it is not known. */
  managedRestorableAge: { name: 'ManagedRestorableAge', unit: 'Seconds' },
  /** Since the newest automated snapshot of RDS or Aurora. Silent when there is none or it is not known. */
  managedSnapshotAge: { name: 'ManagedSnapshotAge', unit: 'Seconds' },
  /** What of the managed window is not as promised, or could not be verified. */
  managedFindings: { name: 'ManagedFindings', unit: 'Count' },
  /** Objects that were mirrored between the runs, because an event told of them. */
  mirroredEarly: { name: 'MirroredEarly', unit: 'Count' },
  /** From when an object was written at the source until it was in the mirror; of what was just mirrored. */
  mirrorLag: { name: 'MirrorLag', unit: 'Seconds' },
  /** Events that could not be dealt with, and come again. */
  mirrorEventsFailed: { name: 'MirrorEventsFailed', unit: 'Count' },
  /** Objects that events say were deleted at the source. Nothing is deleted in the mirror. */
  mirrorDeletions: { name: 'MirrorDeletions', unit: 'Count' },
} as const;

export type MetricKey = keyof typeof METRICS;
