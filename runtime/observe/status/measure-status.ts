import { NO_POINT_AGE_SECONDS, pointId } from '../../../model';
import type { Measurement } from '../metrics';
import { ageSeconds } from './evaluate';
import type { DrillStatus } from './drill-status';
import type { ComponentStatus, NotGoodPoint, SourceStatus } from './source-status';
import { WATCHED_BY_PEOPLE } from './watched-by-people';

/** A status as metrics, one measurement for each component. What alarms look at is always there, whatever is in the vault. */
export function measureStatus(status: SourceStatus): Measurement[] {
  return status.components.map((component) => ({
    source: status.source,
    component: component.component,
    values: {
      ...valuesOf(component, status.at),
      ...(component.component === 'dump' && setValues(status)),
      ...drillValues(component.component === 'dump' ? status.drills : component.drills, status.at),
    },
  }));
}

function valuesOf(status: ComponentStatus, at: Date): Measurement['values'] {
  const { newest, newestVerified, oldestVerification, kept, failedRuns } = status;
  return {
    newestAge: newest ? ageSeconds(newest, at) : NO_POINT_AGE_SECONDS,
    newestVerifiedAge: newestVerified ? ageSeconds(newestVerified, at) : NO_POINT_AGE_SECONDS,
    oldestVerificationAge: oldestVerification ? ageSeconds({ begunAt: oldestVerification.at }, at) : 0,
    lastRunFailed: failedRuns.some(({ address }) => !WATCHED_BY_PEOPLE.includes(address.class)) ? 1 : 0,
    pointsNotGood: notGoodPoints(status),
    pointsKept: Object.values(kept).reduce((sum, count) => sum + count, 0),
    ...(newest && {
      newestSize: newest.storedBytes,
      ...(status.component === 'dump' ? { newestRows: newest.items } : { newestItems: newest.items }),
      newestDuration: Math.max(0, newest.durationMs) / 1000,
    }),
  };
}

/** Nothing before the first set: the alarms of sets take silence for bad news. */
function setValues({ sets, at }: SourceStatus): Measurement['values'] {
  if (!sets) return {};
  const { newestGood, newestScheduled } = sets;
  return {
    newestSetAge: newestGood ? ageSeconds(newestGood, at) : NO_POINT_AGE_SECONDS,
    lastSetFailed: newestScheduled && newestScheduled.outcome !== 'passed' ? 1 : 0,
  };
}

/** Nothing before the first drill: the alarms of drills take silence for bad news. */
function drillValues(drills: DrillStatus | undefined, at: Date): Measurement['values'] {
  if (!drills) return {};
  const { newest, newestPassed } = drills;
  const projectedMs = newestPassed?.projectedRestoreMs;
  return {
    newestDrilledAge: newestPassed ? ageSeconds(newestPassed, at) : NO_POINT_AGE_SECONDS,
    lastDrillFailed: newest.outcome === 'failed' ? 1 : 0,
    lastDrillUnverified: newest.outcome === 'could not verify' ? 1 : 0,
    ...(typeof projectedMs === 'number' && { projectedRestoreDuration: projectedMs / 1000 }),
  };
}

/**
 * One that is only unlike those before it counts while it is the newest. Once a newer one is usual again, the change was a
 * purge or an import: an alarm that rings until it ends, in a year, is one that nobody hears.
 */
function notGoodPoints({ notGood, newest }: ComponentStatus): number {
  const isNewest = ({ address }: NotGoodPoint) => newest !== null && pointId(newest.address) === pointId(address);
  return notGood.filter((point) => !point.unusual || isNewest(point)).length;
}
