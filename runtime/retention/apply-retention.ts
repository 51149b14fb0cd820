import { EXPIRY_TAG, MANIFEST_NAME, STARTED_NAME } from '../../model';
import { toBackupError } from '../errors';
import { runBounded } from '../process/bounded';
import type { VersionEntry } from '../store/store';
import type { PlannedRun, RetentionContext, RetentionPlan, RetentionResult } from './types';

/** Runs marked at once; the versions of each one after the other, as their order matters. */
const MARKED_AT_ONCE = 4;

/**
 * Marks every version of every object of the runs that end; the vault's lifecycle rule deletes what is marked. Safe to
 * repeat and to stop anywhere: the next time goes on. A run that cannot be marked does not keep the others from it.
 */
export async function applyRetention(
  plan: RetentionPlan,
  { store, signal }: Pick<RetentionContext, 'store' | 'signal'>,
): Promise<RetentionResult> {
  const ends = plan.runs.filter(({ action }) => action !== 'keep');
  const outcomes = await runBounded(
    ends,
    MARKED_AT_ONCE,
    (run) => markRun(run, { store, signal }),
    () => undefined,
  );
  return {
    marked: ends.filter((_, index) => 'versions' in outcomes[index]),
    versions: outcomes.reduce((sum, outcome) => sum + ('versions' in outcome ? outcome.versions : 0), 0),
    failed: outcomes.flatMap((outcome, index) =>
      'error' in outcome ? [{ run: ends[index], error: outcome.error }] : [],
    ),
  };
}

type Marked = { readonly versions: number } | Pick<RetentionResult['failed'][number], 'error'>;

async function markRun({ prefix }: PlannedRun, context: Pick<RetentionContext, 'store' | 'signal'>): Promise<Marked> {
  const { store, signal } = context;
  try {
    const versions: VersionEntry[] = [];
    for await (const version of store.versions(prefix)) versions.push(version);
    for (const { key, versionId } of inMarkingOrder(versions, prefix)) {
      signal.throwIfAborted();
      await store.tag(key, versionId, { [EXPIRY_TAG.key]: EXPIRY_TAG.value });
    }
    return { versions: versions.length };
  } catch (thrown) {
    // A stop is no fault of the run's.
    signal.throwIfAborted();
    return { error: toBackupError(thrown) };
  }
}

/**
 * A point is unmade in the reverse order of its making. The manifest first: from then on it is no recovery point, though all
 * its data is still there; the other way round it would look whole while its data went. `started.json` last: as long as it
 * stays the vault knows of the run, and what was not marked is found again. Of one key the oldest version first, so that a
 * manifest that is marked has no version left that is not.
 */
function inMarkingOrder(versions: readonly VersionEntry[], prefix: string): VersionEntry[] {
  const rank = ({ key }: VersionEntry) =>
    key === `${prefix}${MANIFEST_NAME}` ? 0 : key === `${prefix}${STARTED_NAME}` ? 2 : 1;
  return [...versions].reverse().sort((a, b) => rank(a) - rank(b));
}
