/**
 * When a version of a mirrored object may end. That no inventory names it is found out elsewhere; here is what else must be so, for
 * an inventory that is being written now may be about to name it.
 */
export interface EndableVersion {
  /** When the store received it, by its own clock. */
  readonly storedAt: Date;
}

/** Nothing younger ends. No run takes so long, so what one of them copied is named by then, or will never be. */
export const KEEP_MIRRORED_SECONDS = 7 * 86_400;

/** A run names the time of its own clock, a version has the store's: they may differ so much. */
const CLOCKS_APART_SECONDS = 3600;

/**
 * Whether a version that no inventory names may end: only when it is old, and when a run that made a verified recovery point of
 * its mirror was begun after it was stored. Such a run looked at the source with this version in the vault, and did not name it.
 *
 * @param lookedAgainAt when the run of the newest verified recovery point of the mirror was begun
 * @throws RangeError for a time that is none: nothing may end by accident.
 */
export function mayEndVersion({ storedAt }: EndableVersion, lookedAgainAt: Date, now: Date): boolean {
  if (!(now.getTime() > 0)) throw new RangeError(`the time is ${String(now)}: nothing can be old`);
  // An absent time reads as 1970, or as no number.
  if (!(storedAt.getTime() > 0) || !(lookedAgainAt.getTime() > 0)) return false;
  const isOld = now.getTime() - storedAt.getTime() >= KEEP_MIRRORED_SECONDS * 1000;
  return isOld && storedAt.getTime() + CLOCKS_APART_SECONDS * 1000 < lookedAgainAt.getTime();
}
