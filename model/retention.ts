import type { RetentionClass } from './component';
import type { Outcome } from './outcome';

/**
 * Which recovery points may end. A pure function of what is stored, what was promised and the time: so that it can be
 * tested with years in a second, and shown before it is done (`postgres-backup retention --dry-run`).
 *
 * Age is counted from when the store received a manifest, by the store's own clock: what a writer puts into a name or a
 * manifest cannot make another recovery point end.
 */
export interface RetentionPolicy {
  /** A class that is not among them is kept until a person says otherwise. */
  readonly classes: Readonly<Partial<Record<RetentionClass, ClassRetention>>>;
  /** So many of the newest verified recovery points of a component never end, whatever their age. At least 1. */
  readonly minimumVerified: number;
}

export interface ClassRetention {
  /** Kept so long, in seconds. */
  readonly keepSeconds: number;
  /** Kept longer while it is among so many newest of its class. @default 0 */
  readonly keepNewest?: number;
}

export interface RetainablePoint {
  readonly point: string;
  readonly class: RetentionClass;
  /** When the store received the manifest. */
  readonly storedAt: Date;
  readonly verification: Outcome | 'not verified';
}

export interface RetentionDecision {
  readonly point: string;
  readonly action: 'keep' | 'expire';
  /** For a person: why. */
  readonly reason: string;
}

/** At least a day and a half of nightly runs that nobody verified, before the first that nobody can restore is all there is. */
export const DEFAULT_MINIMUM_VERIFIED = 3;

/** Decides for every recovery point of one component. In the order given. */
export function decideRetention(
  points: readonly RetainablePoint[],
  policy: RetentionPolicy,
  now: Date,
): RetentionDecision[] {
  if (!Number.isInteger(policy.minimumVerified) || policy.minimumVerified < 1) {
    throw new RangeError(`minimumVerified is ${policy.minimumVerified}, but must be a whole number from 1`);
  }
  const newestFirst = [...points].sort(byNewest);
  const verified = newestFirst.filter(({ verification }) => verification === 'passed');
  const context: Context = { policy, now, newestFirst, verified };
  return points.map((point) => ({ point: point.point, ...decide(point, context) }));
}

interface Context {
  readonly policy: RetentionPolicy;
  readonly now: Date;
  readonly newestFirst: readonly RetainablePoint[];
  readonly verified: readonly RetainablePoint[];
}

function decide(point: RetainablePoint, context: Context): Omit<RetentionDecision, 'point'> {
  const { policy, now, newestFirst, verified } = context;
  const promise = policy.classes[point.class];
  if (!promise) return keep(`${point.class}: kept until a person says otherwise`);
  const ageSeconds = (now.getTime() - point.storedAt.getTime()) / 1000;
  if (ageSeconds < promise.keepSeconds) return keep(`${point.class}: not yet older than ${promise.keepSeconds} s`);

  const ofClass = newestFirst.filter((other) => other.class === point.class);
  const keepNewest = promise.keepNewest ?? 0;
  if (ofClass.indexOf(point) < keepNewest) return keep(`${point.class}: one of the newest ${keepNewest}`);

  const rank = verified.indexOf(point);
  if (rank !== -1 && rank < policy.minimumVerified) return keep(`one of the newest ${policy.minimumVerified} verified`);
  // Also for what is not verified itself: it may turn out to be the best there is.
  const newer = verified.filter((other) => byNewest(other, point) < 0);
  if (newer.length === 0) return keep('nothing newer is verified');
  return {
    action: 'expire',
    reason: `${point.class}: older than ${promise.keepSeconds} s, and ${newer[0].point} is verified`,
  };
}

function keep(reason: string): Omit<RetentionDecision, 'point'> {
  return { action: 'keep', reason };
}

function byNewest(a: RetainablePoint, b: RetainablePoint): number {
  return b.storedAt.getTime() - a.storedAt.getTime() || (a.point < b.point ? 1 : a.point > b.point ? -1 : 0);
}
