import type { RetentionClass } from './component';
import type { Outcome } from './outcome';
import { retentionPolicyProblem, type RetentionPolicy } from './retention-policy';

/**
 * Which recovery points may end. A pure function of what is stored, what was promised and the time: so that it can be
 * tested with years in a second, and shown before it is done (`postgres-backup retention`).
 */
export interface RetainablePoint {
  readonly point: string;
  readonly class: RetentionClass;
  /** When the store received the manifest, by the store's own clock. */
  readonly storedAt: Date;
  readonly verification: Outcome | 'not verified';
  /**
   * Ids of older points of the same component that it cannot be restored without.
   *
   * @default none
   */
  readonly dependsOn?: readonly string[];
  /**
   * A set that it is a member of, and that stays: what belongs together stays together.
   *
   * @default none
   */
  readonly heldBy?: string;
}

export interface RetentionDecision {
  readonly point: string;
  readonly action: 'keep' | 'expire';
  /** For a person: why. */
  readonly reason: string;
}

/**
 * Decides for every recovery point of one component. In the order given.
 *
 * Only a verified point can make another one end: one that is not verified, or whose time of storing is not known, changes
 * nothing for the others. A point that stays keeps those that it depends on, and those that they depend on.
 *
 * @throws RangeError for a policy or a time that would decide by accident.
 */
export function decideRetention(
  points: readonly RetainablePoint[],
  policy: RetentionPolicy,
  now: Date,
): RetentionDecision[] {
  const problem = retentionPolicyProblem(policy);
  if (problem) throw new RangeError(`the retention policy is not usable: ${problem}`);
  if (!isKnown(now)) throw new RangeError(`the time is ${String(now)}: nothing can be old`);
  const decided = new Map<RetainablePoint, RetentionDecision>();
  const newer = new VerifiedSoFar();
  for (const point of [...points].sort(byNewest)) {
    decided.set(point, { point: point.point, ...decide(point, policy, newer, now) });
    if (point.verification === 'passed') newer.add(point);
  }
  keepWhatIsNeeded(points, decided);
  return points.flatMap((point) => decided.get(point) ?? []);
}

/** The verified ones that are newer than the point that is looked at. */
class VerifiedSoFar {
  count = 0;
  /** It stays, whatever its age. */
  newest?: RetainablePoint;
  private readonly byClass = new Map<RetentionClass, number>();

  add(point: RetainablePoint): void {
    this.count += 1;
    this.newest ??= point;
    this.byClass.set(point.class, this.ofClass(point.class) + 1);
  }

  ofClass(name: RetentionClass): number {
    return this.byClass.get(name) ?? 0;
  }
}

function decide(
  point: RetainablePoint,
  policy: RetentionPolicy,
  newer: VerifiedSoFar,
  now: Date,
): Omit<RetentionDecision, 'point'> {
  const promise = policy.classes[point.class];
  if (!promise) return keep(`${point.class}: kept until a person says otherwise`);
  if (!isKnown(point.storedAt)) return keep('the store does not say when it received it');
  const ageSeconds = (now.getTime() - point.storedAt.getTime()) / 1000;
  const promised = `${point.class}: kept for ${inWords(promise.keepSeconds)}`;
  if (ageSeconds < promise.keepSeconds) return keep(promised);

  const keepNewest = promise.keepNewest ?? 0;
  if (newer.ofClass(point.class) < keepNewest) return keep(`${point.class}: one of the newest ${keepNewest}`);
  if (point.verification === 'passed' && newer.count < policy.minimumVerified) {
    return keep(`one of the newest ${policy.minimumVerified} verified`);
  }
  // Also for what is not verified itself: it may turn out to be the best there is.
  if (!newer.newest) return keep('nothing newer is verified');
  return { action: 'expire', reason: `${promised}, which is over; ${newer.newest.point} is newer and verified` };
}

/** What a set holds, and from each point that stays, along what it depends on; each is looked at once, so that a circle ends too. */
function keepWhatIsNeeded(points: readonly RetainablePoint[], decided: Map<RetainablePoint, RetentionDecision>): void {
  for (const point of points) {
    const isEnding = decided.get(point)?.action === 'expire';
    if (point.heldBy !== undefined && isEnding) {
      decided.set(point, { point: point.point, ...keep(`a member of the set ${point.heldBy}`) });
    }
  }
  const byId = new Map(points.map((point) => [point.point, point]));
  const staying = points.filter((point) => decided.get(point)?.action === 'keep');
  for (let point = staying.pop(); point; point = staying.pop()) {
    for (const id of point.dependsOn ?? []) {
      const needed = byId.get(id);
      if (!needed || decided.get(needed)?.action === 'keep') continue;
      decided.set(needed, { point: id, ...keep(`${point.point} needs it`) });
      staying.push(needed);
    }
  }
}

function keep(reason: string): Omit<RetentionDecision, 'point'> {
  return { action: 'keep', reason };
}

/** An absent time reads as 1970, or as no number: either would be very old. */
function isKnown(time: Date): boolean {
  return time.getTime() > 0;
}

/** Those whose time is not known come last. */
function byNewest(a: RetainablePoint, b: RetainablePoint): number {
  return timeOf(b) - timeOf(a) || (a.point < b.point ? 1 : a.point > b.point ? -1 : 0);
}

function timeOf({ storedAt }: RetainablePoint): number {
  return isKnown(storedAt) ? storedAt.getTime() : 0;
}

const UNITS = [
  { seconds: 86_400, name: 'days' },
  { seconds: 3600, name: 'h' },
  { seconds: 60, name: 'min' },
] as const;

/** `24 h`, `30 days`, `90 min`: in the largest unit that leaves no rest; days from two. */
function inWords(seconds: number): string {
  const unit = UNITS.find((one) => seconds % one.seconds === 0 && (one.name !== 'days' || seconds > one.seconds));
  return unit ? `${seconds / unit.seconds} ${unit.name}` : `${seconds} s`;
}
