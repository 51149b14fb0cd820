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
  /** Recovery points that a verification found good; 0 when it looked at some and none was. */
  verificationPassed: { name: 'VerificationPassed', unit: 'Count' },
  verificationFailed: { name: 'VerificationFailed', unit: 'Count' },
  /** Recovery points of which it could not be found out whether they are good. */
  verificationUnverified: { name: 'VerificationUnverified', unit: 'Count' },
  /** Recovery points whose size or rows are out of line with those before them. */
  verificationAnomalies: { name: 'VerificationAnomalies', unit: 'Count' },
  restoreSucceeded: { name: 'RestoreSucceeded', unit: 'Count' },
  restoreFailed: { name: 'RestoreFailed', unit: 'Count' },
  restoreDuration: { name: 'RestoreDuration', unit: 'Seconds' },
} as const;

export type MetricKey = keyof typeof METRICS;
