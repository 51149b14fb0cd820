import type { Findings } from './findings';
import type { DrillPhases } from './phases';
import type { DrillContext, DrillRequest } from './types';

/** What the drill of a component works with: what it finds goes into the record, whatever happens after. */
export interface DrillWork {
  readonly request: DrillRequest;
  readonly context: DrillContext;
  readonly findings: Findings;
  readonly phases: DrillPhases;
}
