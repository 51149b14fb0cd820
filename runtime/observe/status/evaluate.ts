import { NO_POINT_AGE_SECONDS, type Objectives } from '../../../model';
import type { ComponentStatus, DatedPoint, SourceStatus } from './source-status';

/** A component's age against one objective. */
export interface ObjectiveResult {
  readonly component: ComponentStatus['component'];
  readonly objective: 'newest' | 'newest verified';
  /** `NO_POINT_AGE_SECONDS` when there is none. */
  readonly ageSeconds: number;
  readonly objectiveSeconds: number;
  readonly met: boolean;
}

/** Holds each component against both objectives. Pure. */
export function evaluate(status: SourceStatus, objectives: Objectives): ObjectiveResult[] {
  return status.components.flatMap(({ component, newest, newestVerified }) => [
    result(component, 'newest', ageSeconds(newest, status.at), objectives.newestSeconds),
    result(component, 'newest verified', ageSeconds(newestVerified, status.at), objectives.newestVerifiedSeconds),
  ]);
}

/** Since its run began; `NO_POINT_AGE_SECONDS` of none. */
export function ageSeconds(point: DatedPoint | null, at: Date): number {
  if (!point) return NO_POINT_AGE_SECONDS;
  return Math.max(0, Math.round((at.getTime() - point.begunAt.getTime()) / 1000));
}

function result(
  component: ComponentStatus['component'],
  objective: ObjectiveResult['objective'],
  age: number,
  objectiveSeconds: number,
): ObjectiveResult {
  return { component, objective, ageSeconds: age, objectiveSeconds, met: age <= objectiveSeconds };
}
