import type { Component, Outcome, RetentionClass, RetentionPolicy } from '../../model';
import type { RunContext } from '../context';
import type { BackupError } from '../errors';

/** Whose runs are looked at, and what was promised of them. */
export interface RetentionRequest {
  readonly source: string;
  readonly component: Component;
  readonly policy: RetentionPolicy;
  /**
   * How long sets are kept, whose members stay with them.
   *
   * @default the same policy
   */
  readonly policyOfSets?: RetentionPolicy;
}

export type RetentionContext = Pick<RunContext, 'store' | 'signal' | 'now'>;

/** What is to become of every run of a component, the newest first. */
export interface RetentionPlan {
  readonly source: string;
  readonly component: Component;
  readonly runs: readonly PlannedRun[];
}

export interface PlannedRun {
  readonly point: string;
  /** Key of its folder, with a slash at the end. */
  readonly prefix: string;
  readonly class: RetentionClass;
  /** A leftover is what a run left that made no recovery point, or what is left of one that ended. */
  readonly kind: 'recovery point' | 'leftover';
  /** When the store received the manifest; of a leftover, the newest thing in it. */
  readonly storedAt: Date;
  readonly verification: Outcome | 'not verified';
  /** `ending`: its manifest was marked by an earlier run, which is seen through to the end. */
  readonly action: 'keep' | 'expire' | 'ending';
  readonly reason: string;
}

export interface RetentionResult {
  /** Runs of which every version is marked now. */
  readonly marked: readonly PlannedRun[];
  /** How many versions of objects that are. */
  readonly versions: number;
  /** Runs that could not be marked, or not whole; the next time goes on with them. */
  readonly failed: readonly { readonly run: PlannedRun; readonly error: BackupError }[];
}
