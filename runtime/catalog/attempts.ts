/**
 * How the earlier attempts at one recovery point stand. A run for a scheduled time is repeated when the one before it failed, or
 * was killed; never while one may be at work, and never when one succeeded.
 */
import { FAILURE_NAME, MANIFEST_NAME, STARTED_NAME, attemptName, pointPrefix, type PointAddress } from '../../model';
import { BackupError } from '../errors';
import type { ObjectDescription, ObjectStore } from '../store/store';

/** Nobody says how long it may take: the longest deadline of a schedule. */
const LONGEST_RUN_MS = 12 * 3_600_000;

/** Clean-up at the deadline, and clocks that differ as far as a store still tolerates it. */
const MARGIN_MS = 16 * 60_000;

export type AttemptState = 'made' | 'at work' | 'failed' | 'killed';

/**
 * By what the store may be asked for. A role that may read none of the records gets "at work", so that nothing is repeated on a
 * guess.
 *
 * @param deadlineSeconds how long a run like this one may take; what is older and left no word was killed
 */
export async function stateOfAttempt(
  store: ObjectStore,
  address: PointAddress,
  attempt: number,
  now: Date,
  deadlineSeconds = LONGEST_RUN_MS / 1000,
): Promise<AttemptState> {
  const prefix = pointPrefix(address);
  if (await findRecord(store, `${prefix}${MANIFEST_NAME}`)) return 'made';
  if (await findRecord(store, `${prefix}${attemptName(FAILURE_NAME, attempt)}`)) return 'failed';
  const started = await findRecord(store, `${prefix}${attemptName(STARTED_NAME, attempt)}`);
  const begunMs = started?.lastModified.getTime() ?? 0;
  // An absent time reads as 1970, or as no number.
  const isOver = begunMs > 0 && now.getTime() - begunMs > deadlineSeconds * 1000 + MARGIN_MS;
  return isOver ? 'killed' : 'at work';
}

/** Where a role may not list, the store denies what is not there; what it denies counts as not there. */
export async function findRecord(store: ObjectStore, key: string): Promise<ObjectDescription | undefined> {
  try {
    return await store.head(key, { checksum: 'leave out' });
  } catch (error) {
    if (error instanceof BackupError && error.code === 'store-denied') return undefined;
    throw error;
  }
}
