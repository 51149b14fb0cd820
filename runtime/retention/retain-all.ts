/** One run of the retaining function for all components of a source: one after another, and none kept from its turn by another. */
import { BackupError, toBackupError } from '../errors';
import { logLine } from '../observe/log-line';
import { endSets, planSets } from './plan-sets';
import { retain, type Surroundings } from './retain';
import type { RetentionRequest } from './types';

export interface AllSurroundings extends Omit<Surroundings, 'request'> {
  readonly requests: readonly RetentionRequest[];
}

/** Throws when any could not be retained, at the end. */
export async function retainAll({ requests, ...surroundings }: AllSurroundings): Promise<void> {
  const failed: { component: string; error: BackupError }[] = [];
  for (const request of requests) {
    try {
      await retain({ ...surroundings, request });
    } catch (thrown) {
      failed.push({ component: request.component, error: toBackupError(thrown) });
    }
  }
  // Sets last: while one stays, so do its members, whatever else goes wrong.
  if (failed.length === 0) return endOldSets(requests, surroundings);
  const [{ component, error }] = failed;
  if (requests.length === 1) throw error;
  throw new BackupError(
    error.code,
    `retention of ${failed.map((one) => one.component).join(', ')} failed; ${component}: ${error.message}`,
    {
      detail: error.detail,
      hint: error.hint,
      cause: error,
    },
  );
}

async function endOldSets(
  [first]: readonly RetentionRequest[],
  { store, now, write }: Omit<Surroundings, 'request'>,
): Promise<void> {
  const { source, policy, policyOfSets = policy } = first;
  const context = { store, now, signal: new AbortController().signal };
  const ended = await endSets(await planSets(source, policyOfSets, context), context);
  write(logLine(now(), { level: 'info', event: 'sets', ended }));
}
