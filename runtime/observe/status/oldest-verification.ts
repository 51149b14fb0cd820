import { isMarked } from '../../catalog/marked';
import type { SurveyedRun } from '../../catalog/survey';
import { BackupError } from '../../errors';
import type { ObjectStore } from '../../store/store';
import type { OldestVerification } from './source-status';

/** What retention marks in a day lies there for some hours, until the vault's lifecycle takes it. */
const MOST_ASKED = 100;

/**
 * Of the recovery points that are kept, the one that was not verified for the longest time: what the daily verification of all would
 * take first. Those whose end is marked it leaves alone, and so does this.
 */
export async function findOldestVerification(
  store: ObjectStore,
  runs: readonly SurveyedRun[],
): Promise<OldestVerification | null> {
  const oldestFirst = runs
    .flatMap(({ verifiedAt, manifestAt, ...run }) => {
      // One that never was counts from its manifest.
      const at = verifiedAt ?? manifestAt;
      return at ? [{ at, run: { ...run, verifiedAt, manifestAt } }] : [];
    })
    .sort((a, b) => a.at.getTime() - b.at.getTime());
  for (const [asked, { at, run }] of oldestFirst.entries()) {
    if (asked >= MOST_ASKED || !(await isKnownToEnd(store, run))) return { address: run.address, at };
  }
  return null;
}

/** A role that may not ask takes all for kept: it alarms without need rather than never. */
async function isKnownToEnd(store: ObjectStore, run: SurveyedRun): Promise<boolean> {
  try {
    return await isMarked(store, run);
  } catch (error) {
    if (error instanceof BackupError && error.code === 'store-denied') return false;
    throw error;
  }
}
