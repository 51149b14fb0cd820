import type { Component, LackedPart, Outcome, PointAddress, RetentionClass } from '../../../model';
import type { DrillStatus } from './drill-status';
import type { SetsStatus } from './set-status';

/** How a source's backups stand, by what lies in the vault and by the store's own clock. No job log is asked. */
export interface SourceStatus {
  readonly source: string;
  /** For people: `s3://bucket/prefix`. */
  readonly vault: string;
  /** When it was looked at. */
  readonly at: Date;
  readonly components: readonly ComponentStatus[];
  /** Absent when there is none. */
  readonly sets?: SetsStatus;
  /** Of the dump. Absent when there was no drill yet. */
  readonly drills?: DrillStatus;
}

export interface ComponentStatus {
  readonly component: Component;
  /** The newest good one: a valid manifest, and no verification that failed. */
  readonly newest: NewestPoint | null;
  readonly newestVerified: DatedPoint | null;
  readonly oldest: DatedPoint | null;
  /** Of what is kept, the one that was not verified for the longest time. */
  readonly oldestVerification: OldestVerification | null;
  /** How many are kept, by class; only classes that have any. */
  readonly kept: Readonly<Partial<Record<RetentionClass, number>>>;
  /** Newest first: those that are no good, as far as is known. */
  readonly notGood: readonly NotGoodPoint[];
  /** The last run of a class where that one failed, the newest first. */
  readonly failedRuns: readonly FailedRun[];
  /** Of another component than the dump. Absent when there was no drill yet. */
  readonly drills?: DrillStatus;
}

export interface DatedPoint {
  readonly address: PointAddress;
  /**
   * When its run began, or S3 began to list what it is made of, or the last of what it lacks was made, where that was before: what
   * there is of all is no newer than that. Of the oldest, which is not read, when its run began.
   */
  readonly begunAt: Date;
}

export interface OldestVerification {
  readonly address: PointAddress;
  /** When the store received the result; the manifest, where there never was one. */
  readonly at: Date;
}

export interface NewestPoint extends DatedPoint {
  readonly verification: Outcome | 'not verified';
  /** Of what was dumped; `null` where there is no server. */
  readonly serverVersion: string | null;
  readonly storedBytes: number;
  /** Rows, objects, files: in the component's own unit. */
  readonly items: number;
  readonly durationMs: number;
  /** Made by hand, without these. */
  readonly lacks: readonly LackedPart[];
}

export interface NotGoodPoint {
  readonly address: PointAddress;
  readonly outcome: Exclude<Outcome, 'passed'>;
  readonly reason: string;
  /** All that is wrong with it is that it is much smaller or larger than those before it. */
  readonly unusual: boolean;
}

export interface FailedRun {
  readonly address: PointAddress;
  readonly failedAt: Date;
  /** As the run itself recorded it. */
  readonly code: string;
  readonly message: string;
}
