import type { DrilledComponent } from './drill';
import type { Outcome } from './outcome';
import type { RunOutcome } from './report';

/** What an auditor asks: which moments could have been restored, which were proven, and how long it took. */
export const EVIDENCE_FORMAT = 'postgres-backup/evidence/1';

/** A recovery point that was made in the period, whether or not it is still kept. */
export interface EvidentPoint {
  readonly point: string;
  readonly class: string;
  /** The moment that it restores: when its backup began. */
  readonly startedAt: string;
  readonly outcome: RunOutcome;
  readonly storedBytes: number | null;
  readonly items: number | null;
  readonly durationMs: number | null;
  /** In the vault at the time of the evidence. */
  readonly kept: boolean;
  /** The drill that restored it; the newest, where there were several. */
  readonly drill: { readonly drill: string; readonly outcome: Outcome } | null;
}

/** One line of the index of drills. */
export interface EvidentDrill {
  /** What was restored. */
  readonly component: DrilledComponent;
  readonly drill: string;
  readonly key: string;
  /** Of the record's bytes: what the record after it names. */
  readonly sha256: string;
  readonly startedAt: string;
  readonly outcome: Outcome;
  readonly point: string | null;
  /** How much of it, or to which moment, and whether an old one was asked for; empty for all of the newest dump. */
  readonly scope: string;
  readonly restoreMs: number | null;
  readonly recoveryTimeObjectiveSeconds: number | null;
  readonly comparisons: { readonly passed: number; readonly of: number };
  readonly checks: { readonly passed: number; readonly of: number };
  readonly issues: readonly string[];
}

export interface EvidenceDay {
  /** `2026-11-20`, UTC. */
  readonly day: string;
  readonly made: number;
  readonly restorable: number;
  readonly failed: number;
  /** Of those made on this day. */
  readonly proven: number;
}

export interface Evidence {
  readonly format: typeof EVIDENCE_FORMAT;
  readonly source: string;
  readonly vault: string;
  readonly at: string;
  readonly from: string;
  readonly days: readonly EvidenceDay[];
  /** The newest first. */
  readonly points: readonly EvidentPoint[];
  /** The newest first. */
  readonly drills: readonly EvidentDrill[];
  /** What is wrong with the chain of all records, older ones too; empty when every one is there and unchanged. */
  readonly chainProblems: readonly string[];
  readonly objectives: EvidentObjectives;
  readonly tool: { readonly name: 'postgres-backup'; readonly version: string };
}

export interface EvidentObjectives {
  /** The longest time between two restorable moments, from the first in the period to now; `null` when there is none. */
  readonly longestGapSeconds: number | null;
  readonly recoveryPointObjectiveSeconds: number | null;
  /** Of the drills that passed, the slowest restore. */
  readonly slowestRestoreMs: number | null;
  /** As the newest drill was told it. */
  readonly recoveryTimeObjectiveSeconds: number | null;
}

const DAY_MS = 86_400_000;

/** The days from the first to the last moment, each with what was made on it; days without anything too. */
export function evidenceDays(points: readonly EvidentPoint[], from: Date, to: Date): EvidenceDay[] {
  const days: EvidenceDay[] = [];
  const first = Date.parse(`${from.toISOString().slice(0, 10)}T00:00:00Z`);
  for (let day = first; day <= to.getTime(); day += DAY_MS) {
    const name = new Date(day).toISOString().slice(0, 10);
    const made = points.filter(({ startedAt }) => startedAt.startsWith(name));
    days.push({
      day: name,
      made: made.length,
      restorable: made.filter(({ outcome }) => outcome === 'passed').length,
      failed: made.filter(({ outcome }) => outcome === 'failed').length,
      proven: made.filter(({ drill }) => drill?.outcome === 'passed').length,
    });
  }
  return days;
}

/** The longest time without a restorable moment: between two that follow each other, and since the last. */
export function longestGapSeconds(points: readonly EvidentPoint[], to: Date): number | null {
  const moments = points
    .filter(({ outcome }) => outcome === 'passed')
    .map(({ startedAt }) => Date.parse(startedAt))
    .sort((a, b) => a - b);
  if (moments.length === 0) return null;
  const next = [...moments.slice(1), to.getTime()];
  return Math.round(Math.max(...next.map((moment, index) => moment - moments[index])) / 1000);
}
