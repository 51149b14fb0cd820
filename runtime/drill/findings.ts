import {
  comparisonsOf,
  DRILL_FORMAT,
  pointId,
  worstOutcome,
  type Drill,
  type DrilledCheck,
  type DrilledDatabase,
  type DrilledPart,
  type DrilledPoint,
  type DrillIssue,
} from '../../model';
import { addressOf } from '../catalog/run-id';
import { VERSION } from '../version';
import { judge } from './judge';
import type { DrillPhases } from './phases';
import type { OneResult } from './one-database';
import type { DrillRequest } from './types';

/** What a drill has found so far, and the record that it makes. */
export class Findings {
  point: DrilledPoint | null = null;
  /** What would have been taken, where an older one was asked for. */
  insteadOf: Drill['insteadOf'];
  sourceVersion: string | null = null;
  drillVersion: string | null = null;
  /** How much was restored, and by which lots. */
  extent: Drill['extent'];
  seed: Drill['seed'];
  moment: Drill['moment'];
  readonly warnings: string[] = [];
  private readonly parts: DrilledPart[] = [];
  private readonly databases: DrilledDatabase[] = [];
  private readonly checks: DrilledCheck[] = [];
  private readonly stops: DrillIssue[] = [];
  private failure: Drill['failure'] = null;
  private isRestored = false;
  private readonly begun = performance.now();

  constructor(
    private readonly request: DrillRequest,
    private readonly startedAt: Date,
  ) {}

  add({ database, checks }: OneResult): void {
    this.databases.push(database);
    this.checks.push(...checks);
  }

  addPart(part: DrilledPart): void {
    this.parts.push(part);
  }

  /** Everything was restored: what it took is what a restore takes. */
  allRestored(): void {
    this.isRestored = true;
  }

  /** Something ended the drill, or a part of it that counts. The first is what it is said to have failed of. */
  stoppedBy(thrown: unknown, signal: AbortSignal): void {
    const { error, outcome } = judge(thrown, signal);
    const { code, message, detail, hint } = error;
    this.failure ??= { code, message, detail: detail ?? null, ...(hint !== undefined && { hint }) };
    this.stops.push({ subject: 'drill', outcome, finding: [message, detail].filter(Boolean).join(': ') });
  }

  record(phases: DrillPhases, previous: Drill['previous'], finishedAt: Date): Drill {
    const { source, component = 'dump', recoveryTimeObjectiveSeconds, where } = this.request;
    const { databases, parts } = this;
    const issues = [...this.stops, ...this.comparisonIssues(), ...this.checkIssues()];
    const compared = comparisonsOf({ databases, parts }).map(({ outcome }) => outcome);
    return {
      format: DRILL_FORMAT,
      drill: pointId(addressOf({ source, component, class: 'manual', startedAt: this.startedAt })),
      source,
      component,
      outcome: worstOutcome([...issues.map(({ outcome }) => outcome), ...compared]),
      startedAt: this.startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
      durationMs: Math.round(performance.now() - this.begun),
      point: this.point,
      ...(this.insteadOf !== undefined && { insteadOf: this.insteadOf }),
      versions: { source: this.sourceVersion, drill: this.drillVersion, tool: VERSION },
      where,
      phases: phases.completed,
      restoreMs: this.isRestored ? phases.restoreMs : null,
      recoveryTimeObjectiveSeconds: recoveryTimeObjectiveSeconds ?? null,
      databases,
      ...(component !== 'dump' && { parts }),
      ...(this.extent !== undefined && { extent: this.extent }),
      ...(this.seed !== undefined && { seed: this.seed }),
      ...(this.moment !== undefined && { moment: this.moment }),
      checks: this.checks,
      issues,
      failure: this.failure,
      warnings: this.warnings,
      previous,
    };
  }

  private comparisonIssues(): DrillIssue[] {
    const all = [...this.parts, ...this.databases];
    const several = all.length > 1;
    return all.flatMap((one) =>
      one.comparisons.flatMap(({ name, outcome, findings }): DrillIssue[] => {
        const subject = several ? `${name} of ${one.name}` : name;
        return outcome === 'passed' ? [] : findings.map((finding) => ({ subject, outcome, finding }));
      }),
    );
  }

  private checkIssues(): DrillIssue[] {
    return this.checks.flatMap(({ name, outcome, finding }): DrillIssue[] =>
      outcome === 'passed' ? [] : [{ subject: `check ${JSON.stringify(name)}`, outcome, finding }],
    );
  }
}
