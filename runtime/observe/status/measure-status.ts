import { NO_POINT_AGE_SECONDS, type RetentionClass } from '../../../model';
import type { Measurement } from '../metrics';
import { ageSeconds } from './evaluate';
import type { SourceStatus } from './source-status';

/** Somebody waits for the exit code of these; nobody does for those of a schedule. */
const WATCHED_BY_PEOPLE: readonly RetentionClass[] = ['manual', 'pre-deployment'];

/** A status as metrics, one measurement for each component. What alarms look at is always there, whatever is in the vault. */
export function measureStatus(status: SourceStatus): Measurement[] {
  return status.components.map(({ component, newest, newestVerified, kept, notGood, failedRuns }) => ({
    source: status.source,
    component,
    values: {
      newestAge: newest ? ageSeconds(newest, status.at) : NO_POINT_AGE_SECONDS,
      newestVerifiedAge: newestVerified ? ageSeconds(newestVerified, status.at) : NO_POINT_AGE_SECONDS,
      lastRunFailed: failedRuns.some(({ address }) => !WATCHED_BY_PEOPLE.includes(address.class)) ? 1 : 0,
      pointsNotGood: notGood.length,
      pointsKept: Object.values(kept).reduce((sum, count) => sum + count, 0),
      ...(newest && {
        newestSize: newest.storedBytes,
        newestRows: newest.rows,
        newestDuration: Math.max(0, newest.durationMs) / 1000,
      }),
    },
  }));
}
