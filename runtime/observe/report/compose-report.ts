/** Reports from what was found: of one run, and of all that ended in a period. */
import {
  REPORT_FORMAT,
  type BackupReport,
  type Component,
  type Objectives,
  type Outcome,
  type ReportedComponent,
  type ReportedRun,
  type ReportTotals,
} from '../../../model';
import { VERSION } from '../../version';
import { evaluate } from '../status/evaluate';
import type { ComponentStatus, SourceStatus } from '../status/source-status';

/** More than an hourly plan runs in a week. */
const MOST_RUNS = 200;

export interface Period {
  readonly kind: 'day' | 'week';
  readonly from: Date;
  readonly to: Date;
}

/** The report of one run. */
export function runReport(
  subject: { readonly source: string; readonly vault: string; readonly component: Component; readonly at: Date },
  run: ReportedRun,
  heartbeat: BackupReport['heartbeat'],
): BackupReport {
  const { source, vault, component, at } = subject;
  const end = run.endedAt ?? at.toISOString();
  const outcome = outcomeOf([run]);
  const totals = totalsOf([run]);
  return {
    ...frame('run', source, vault, at),
    from: run.startedAt ?? end,
    to: end,
    outcome,
    components: [{ component, outcome, runs: [run], totals, objectives: [], kept: null, notGood: null }],
    totals,
    heartbeat,
  };
}

/** The report of a period: `runs` are those that ended in it, of each component. */
export function periodReport(
  { kind, from, to }: Period,
  status: SourceStatus,
  objectives: Objectives,
  runs: ReadonlyMap<Component, readonly ReportedRun[]>,
): BackupReport {
  const components = status.components.map((one) =>
    reportedComponent(one, { ...status, components: [one] }, objectives, runs.get(one.component) ?? []),
  );
  return {
    ...frame(kind, status.source, status.vault, status.at),
    from: from.toISOString(),
    to: to.toISOString(),
    outcome: worst(components.map(({ outcome }) => outcome)),
    components,
    totals: components.map(({ totals }) => totals).reduce(sum, totalsOf([])),
    heartbeat: null,
  };
}

function frame(kind: BackupReport['kind'], source: string, vault: string, at: Date) {
  const tool = { name: 'postgres-backup', version: VERSION } as const;
  return { format: REPORT_FORMAT, kind, source, vault, at: at.toISOString(), tool } as const;
}

function reportedComponent(
  { component, kept, notGood }: ComponentStatus,
  alone: SourceStatus,
  stated: Objectives,
  runs: readonly ReportedRun[],
): ReportedComponent {
  const objectives = evaluate(alone, stated)
    .filter((result) => result.component === component)
    .map(({ objective, ageSeconds, objectiveSeconds, met }) => ({ objective, ageSeconds, objectiveSeconds, met }));
  return {
    component,
    outcome: worst([
      outcomeOf(runs),
      ...notGood.map(({ outcome }) => outcome),
      ...objectives.map(({ met }): Outcome => (met ? 'passed' : 'failed')),
    ]),
    runs: runs.slice(0, MOST_RUNS),
    totals: totalsOf(runs),
    objectives,
    kept: Object.values(kept).reduce((all, count) => all + count, 0),
    notGood: notGood.length,
  };
}

/** One that is at work says nothing yet. */
function outcomeOf(runs: readonly ReportedRun[]): Outcome {
  return worst(runs.flatMap(({ outcome }) => (outcome === 'pending' ? [] : [outcome])));
}

function worst(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes('failed')) return 'failed';
  return outcomes.includes('could not verify') ? 'could not verify' : 'passed';
}

function totalsOf(runs: readonly ReportedRun[]): ReportTotals {
  const ended = (outcome: ReportedRun['outcome']) => runs.filter((run) => run.outcome === outcome).length;
  const all = (figure: (run: ReportedRun) => number | null) => runs.reduce((sum, run) => sum + (figure(run) ?? 0), 0);
  return {
    runs: runs.length,
    passed: ended('passed'),
    failed: ended('failed'),
    unverified: ended('could not verify'),
    pending: ended('pending'),
    storedBytes: all(({ storedBytes }) => storedBytes),
    objects: all(({ objects }) => objects),
    items: all(({ items }) => items),
    durationMs: all(({ durationMs }) => durationMs),
    errors: all(({ errors }) => errors.length),
  };
}

function sum(one: ReportTotals, other: ReportTotals): ReportTotals {
  const keys = Object.keys(one) as (keyof ReportTotals)[];
  return Object.fromEntries(keys.map((key) => [key, one[key] + other[key]])) as unknown as ReportTotals;
}
