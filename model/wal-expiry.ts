import { segmentStart, type WalFile } from './wal';
import { parseLsn } from './wal-lsn';
import type { BaseBackupNeed } from './wal-need';

/** One file of a cluster's archive. */
export interface ExpirableWal {
  readonly file: WalFile;
  /** By the store's own clock. */
  readonly storedAt: Date;
}

/** Nothing younger ends, whatever else is so: a base backup that is being made needs it. */
export const KEEP_WAL_SECONDS = 2 * 86_400;

/**
 * Which files of one cluster's archive may end: those of before the oldest position that any kept base backup needs, on whatever
 * timeline. Conservative on purpose: positions of all timelines are compared alike, so what a base backup needs on any way from it
 * is never among them. While no base backup of the cluster is kept, nothing ends; histories never do.
 *
 * @param needs of all base backups of this cluster that are kept, verified or not.
 * @throws RangeError for a need that cannot be read, or a time that is none: nothing may end by accident.
 */
export function walToExpire<Wal extends ExpirableWal>(
  needs: readonly BaseBackupNeed[],
  files: readonly Wal[],
  segmentBytes: number,
  now: Date,
): Wal[] {
  if (!(now.getTime() > 0)) throw new RangeError(`the time is ${String(now)}: nothing can be old`);
  if (needs.length === 0) return [];
  const needed = needs.map(startOf).reduce((a, b) => (a < b ? a : b));
  return files.filter(({ file, storedAt }) => {
    const start = file.segment === undefined ? undefined : segmentStart(file.segment, segmentBytes);
    if (start === undefined || start + BigInt(segmentBytes) > needed) return false;
    // An absent time reads as 1970, or as no number.
    return storedAt.getTime() > 0 && now.getTime() - storedAt.getTime() >= KEEP_WAL_SECONDS * 1000;
  });
}

function startOf({ point, startLsn }: BaseBackupNeed): bigint {
  const start = parseLsn(startLsn);
  if (start === undefined) throw new RangeError(`base backup ${point} begins at ${startLsn}, which is no position`);
  return start;
}
