import type { Objectives } from '../../../model';
import type { ComponentStatus, DatedPoint, SourceStatus } from './source-status';

/** A component's age, or the time that a restore of it takes, against one objective. */
export interface ObjectiveResult {
  readonly component: ComponentStatus['component'];
  readonly objective: 'newest' | 'newest verified' | 'restore time';
  /** Of a restore time, what a drill measured. `null` when there is none, which meets nothing. */
  readonly ageSeconds: number | null;
  readonly objectiveSeconds: number;
  readonly met: boolean;
}

/** Holds each component against both objectives. Pure. */
export function evaluate(status: SourceStatus, objectives: Objectives): ObjectiveResult[] {
  const ages = status.components.flatMap(({ component, newest, newestVerified }) => [
    result(component, 'newest', newest && ageSeconds(newest, status.at), objectives.newestSeconds),
    result(
      component,
      'newest verified',
      newestVerified && ageSeconds(newestVerified, status.at),
      objectives.newestVerifiedSeconds,
    ),
  ]);
  return [...ages, ...restoreTime(status)];
}

/** As the newest drill that passed was told it, and with as much data as there is now. */
function restoreTime({ drills }: SourceStatus): ObjectiveResult[] {
  const { objectiveSeconds = null, projectedRestoreMs = null } = drills?.newestPassed ?? {};
  if (objectiveSeconds === null || projectedRestoreMs === null) return [];
  return [result('dump', 'restore time', Math.round(projectedRestoreMs / 1000), objectiveSeconds)];
}

/** Of what is in it. */
export function ageSeconds(point: Pick<DatedPoint, 'begunAt'>, at: Date): number {
  return Math.max(0, Math.round((at.getTime() - point.begunAt.getTime()) / 1000));
}

function result(
  component: ComponentStatus['component'],
  objective: ObjectiveResult['objective'],
  age: number | null,
  objectiveSeconds: number,
): ObjectiveResult {
  return { component, objective, ageSeconds: age, objectiveSeconds, met: age !== null && age <= objectiveSeconds };
}
