import type { Component, Manifest, Outcome } from '../../model';
import type { RecoveryPoint } from '../catalog/recovery-point';

/** Something that must be so before the restore can begin, and how it is. */
export interface RecoveryCheck {
  readonly name: string;
  /** `to do`: nothing is wrong, but a person has not said it yet. */
  readonly outcome: Outcome | 'to do';
  readonly finding: string;
  readonly hint?: string;
}

/** What would be restored of one component. */
export interface ChosenPoint {
  readonly component: Component;
  readonly point: RecoveryPoint<Manifest>;
  /** It is restored with the set that it is of. */
  readonly inSet: boolean;
}

/** How a source stands on the day when nothing else is left, and what to type next. */
export interface RecoveryPlan {
  readonly source: string;
  /** The set whose members were chosen, and of what else is backed up the newest; `null` when there is no good one. */
  readonly set: string | null;
  readonly points: readonly ChosenPoint[];
  readonly checks: readonly RecoveryCheck[];
  /** In order. Nothing in it has been done. */
  readonly steps: readonly RecoveryStep[];
}

export interface RecoveryStep {
  /** What it is for. */
  readonly purpose: string;
  /** Arguments of this program; `null` for what only a person can do. */
  readonly argv: readonly string[] | null;
}
