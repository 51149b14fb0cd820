import type { Objectives } from '../../../model';
import type { ComponentStatus, DatedPoint, SourceStatus } from './source-status';

/** A component's age against one objective. */
export interface ObjectiveResult {
  readonly component: ComponentStatus['component'];
  readonly objective: 'newest' | 'newest verified';
  /** `null` when there is none, which meets nothing. */
  readonly ageSeconds: number | null;
  readonly objectiveSeconds: number;
  readonly met: boolean;
}

/** Holds each component against both objectives. Pure. */
export function evaluate(status: SourceStatus, objectives: Objectives): ObjectiveResult[] {
  return status.components.flatMap(({ component, newest, newestVerified }) => [
    result(component, 'newest', newest && ageSeconds(newest, status.at), objectives.newestSeconds),
    result(
      component,
      'newest verified',
      newestVerified && ageSeconds(newestVerified, status.at),
      objectives.newestVerifiedSeconds,
    ),
  ]);
}

/** Since its run began. */
export function ageSeconds(point: DatedPoint, at: Date): number {
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
