/** How a command ends. Part of the interface: scripts and schedulers act on it. */
export const EXIT = {
  /** Everything that was asked for was done and checked. */
  ok: 0,
  /** Something failed. */
  failed: 1,
  /** The command line or a setting is wrong; nothing was begun. */
  usage: 2,
  /** It could not be found out whether it is good. Never counts as good. */
  unverified: 3,
  /** Everything worked, but a stated objective is missed. */
  objectiveMissed: 4,
  /** Of `archive-get` alone: the archive ends before this file. Below 126, so that recovery may end. */
  notArchived: 66,
  /** Of `archive-get` alone, for whatever else goes wrong: above 125, where PostgreSQL ends recovery as failed. */
  recoveryMustStop: 200,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Three outcomes, never two: what could not be checked is not good. */
export type Outcome = 'passed' | 'failed' | 'could not verify';

/** What went wrong, for machines: in failure records, JSON output and metrics. Codes are added, never renamed. */
export const FAILURE_CODES = [
  'usage',
  'configuration-invalid',
  'secret-unreadable',
  'tool-missing',
  'tool-failed',
  'server-unreachable',
  'authentication-failed',
  'version-mismatch',
  'version-unsupported',
  'database-missing',
  'database-empty',
  'table-unreadable',
  'row-security',
  'table-locked',
  'extension-missing',
  'encoding-mismatch',
  'dump-failed',
  'base-backup-failed',
  'fingerprint-failed',
  'store-denied',
  'store-missing',
  'store-conflict',
  'store-unreachable',
  'store-failed',
  'upload-unconfirmed',
  'point-missing',
  'manifest-invalid',
  'object-missing',
  'object-damaged',
  'archive-damaged',
  'target-not-empty',
  'restore-failed',
  'comparison-failed',
  'wal-conflict',
  'wal-damaged',
  'wal-foreign',
  'wal-missing',
  'objects-lost',
  'key-unusable',
  'files-missing',
  'file-unreadable',
  'notification-failed',
  'disk-full',
  'superuser-needed',
  'drill-server-ended',
  'task-failed',
  'deadline-exceeded',
  'terminated',
  'internal',
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];
