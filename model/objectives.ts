/**
 * How old the newest backup may be before somebody must look. Shared by the alarms, which watch all the time, and by
 * `postgres-backup status`, which looks once.
 */
export interface Objectives {
  /** Seconds since the newest good recovery point was begun, at most; of one that is made of a list by S3, since the list was. */
  readonly newestSeconds: number;
  /** Seconds since the newest verified recovery point was begun, at most. */
  readonly newestVerifiedSeconds: number;
}

/**
 * The age of what is not there: ten years. A number, so that it is published and its alarm rings; a silent metric would look
 * the same as a function that is not running.
 */
export const NO_POINT_AGE_SECONDS = 10 * 365 * 86_400;

/** Somebody who states no objective most likely backs up once a day. */
export const DEFAULT_OBJECTIVE_SECONDS = 26 * 3600;

const HOUR_SECONDS = 3600;

/**
 * What backups that are made so often can keep: the interval, and room for a run to take longer than the last. The room is a
 * twelfth of the interval, at least an hour: 26 h for a daily plan, 2 h for an hourly one.
 *
 * @param intervalSeconds the longest time between two runs of the most frequent rule
 */
export function objectivesFor(intervalSeconds: number): Objectives {
  if (!Number.isFinite(intervalSeconds) || intervalSeconds <= 0) {
    throw new RangeError(`the interval is ${intervalSeconds} s, but must be more than 0`);
  }
  const newestSeconds = intervalSeconds + Math.max(HOUR_SECONDS, Math.ceil(intervalSeconds / 12));
  // A verification begins when the manifest is there, and takes minutes; an hour is room for those that are tried again.
  return { newestSeconds, newestVerifiedSeconds: newestSeconds + HOUR_SECONDS };
}
