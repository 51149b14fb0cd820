/**
 * That a dump has its snapshot: a record beside its recovery point, `snapshot-20261120t021004812z.json`, named by the moment of
 * the snapshot. What was at the source before that moment is what rows of the dump can refer to, so whatever belongs to the dump
 * may be listed from then on. A dump that takes another snapshot, because the server went away, leaves another record.
 */
const RECORD = /^snapshot-\d{8}t\d{9}z\.json$/;

/** Name of the record, by the moment of the snapshot: the one that the manifest tells of the last database. */
export function snapshotName(takenAt: Date): string {
  return `snapshot-${takenAt.toISOString().replace(/[-:.]/g, '').toLowerCase()}.json`;
}

export function isSnapshotName(name: string): boolean {
  return RECORD.test(name);
}
