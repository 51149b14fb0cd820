import {
  comparisonsOf,
  EVIDENCE_FORMAT,
  evidenceDays,
  longestGapSeconds,
  type Drill,
  type Evidence,
  type EvidentDrill,
  type EvidentObjectives,
  type EvidentPoint,
} from '../../../model';
import type { RunContext } from '../../context';
import { VERSION } from '../../version';
import { chainProblems, listAllDrillKeys, readDrillIfOne, type StoredDrill } from '../records';
import { readPoints } from './points';

export interface EvidenceRequest {
  readonly source: string;
  readonly days: number;
  /** As stated by whoever asks; drills know of the restore time alone. */
  readonly recoveryPointObjectiveSeconds?: number;
}

const DAY_MS = 86_400_000;

/** Gathers what the vault knows of a period: recovery points, also those that ended since, and every drill. Changes nothing. */
export async function gatherEvidence(
  request: EvidenceRequest,
  context: Pick<RunContext, 'store' | 'reporter' | 'signal' | 'now'>,
): Promise<Evidence> {
  const { store, signal, now } = context;
  const to = now();
  const from = new Date(to.getTime() - request.days * DAY_MS);
  const step = context.reporter.begin('reading');
  const unreadable: string[] = [];
  const chains: StoredDrill[][] = [];
  for (const keys of (await listAllDrillKeys(store, request.source)).values()) {
    const records: StoredDrill[] = [];
    for (const key of keys) {
      signal.throwIfAborted();
      step.detail(key);
      // What is no record hides none of the others.
      const record = await readDrillIfOne(store, key, (reason) => unreadable.push(reason));
      if (record) records.push(record);
    }
    chains.push(records);
  }
  const records = chains.flat().sort((a, b) => (a.drill.startedAt < b.drill.startedAt ? -1 : 1));
  const inPeriod = records.filter(({ drill }) => new Date(drill.startedAt) >= from).reverse();
  const points = withDrills(await readPoints(request.source, from, to, context), inPeriod.filter(isOfDump));
  step.done(`${points.length} recovery points, ${inPeriod.length} drills`);
  return {
    format: EVIDENCE_FORMAT,
    source: request.source,
    vault: store.uri,
    at: to.toISOString(),
    from: from.toISOString(),
    days: evidenceDays(points, from, to),
    points,
    drills: inPeriod.map(describe),
    chainProblems: [...unreadable, ...chains.flatMap(chainProblems)],
    objectives: objectivesOf(request, points, inPeriod.filter(isOfDump), to),
    tool: { name: 'postgres-backup', version: VERSION },
  };
}

function isOfDump({ drill }: StoredDrill): boolean {
  return drill.component === 'dump';
}

/** Of several drills of one point, the newest counts. `drills` come the newest first. */
function withDrills(points: readonly EvidentPoint[], drills: readonly StoredDrill[]): EvidentPoint[] {
  return points.map((point) => {
    const drilled = drills.find(({ drill }) => drill.point?.point === point.point)?.drill;
    return { ...point, drill: drilled ? { drill: drilled.drill, outcome: drilled.outcome } : null };
  });
}

function describe({ key, sha256, drill }: StoredDrill): EvidentDrill {
  const passedOf = (all: readonly { readonly outcome: string }[]) => ({
    passed: all.filter(({ outcome }) => outcome === 'passed').length,
    of: all.length,
  });
  return {
    drill: drill.drill,
    component: drill.component,
    key,
    sha256,
    startedAt: drill.startedAt,
    outcome: drill.outcome,
    point: drill.point?.point ?? null,
    scope: scopeOf(drill),
    restoreMs: drill.restoreMs,
    recoveryTimeObjectiveSeconds: drill.recoveryTimeObjectiveSeconds,
    comparisons: passedOf(comparisonsOf(drill)),
    checks: passedOf(drill.checks),
    issues: drill.issues.map(({ subject, finding }) => `${subject}: ${finding}`),
  };
}

function scopeOf(drill: Drill): string {
  const old = drill.insteadOf === undefined ? '' : `asked for, when ${drill.insteadOf} was newer`;
  return [extentOf(drill), old].filter((part) => part !== '').join('; ');
}

function extentOf({ moment, parts = [], extent }: Drill): string {
  if (moment) return moment.lastTransactionAt === null ? moment.target : `to ${moment.lastTransactionAt} UTC`;
  const sizes = parts.flatMap(({ name, tried, of }) =>
    tried === undefined || of === undefined ? [] : [`${name}: ${tried} of ${of}`],
  );
  return [extent === 'full' ? 'everything' : '', ...sizes].filter((part) => part !== '').join(', ');
}

function objectivesOf(
  request: EvidenceRequest,
  points: readonly EvidentPoint[],
  drills: readonly StoredDrill[],
  to: Date,
): EvidentObjectives {
  const restores = drills.flatMap(({ drill }) =>
    drill.outcome === 'passed' && drill.restoreMs !== null ? [drill.restoreMs] : [],
  );
  return {
    longestGapSeconds: longestGapSeconds(points, to),
    recoveryPointObjectiveSeconds: request.recoveryPointObjectiveSeconds ?? null,
    slowestRestoreMs: restores.length > 0 ? Math.max(...restores) : null,
    recoveryTimeObjectiveSeconds: drills[0]?.drill.recoveryTimeObjectiveSeconds ?? null,
  };
}
