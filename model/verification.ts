import type { Component } from './component';
import type { Outcome } from './outcome';

/** The result of a verification, stored as `verification.json` beside the manifest it is about. */
export const VERIFICATION_FORMAT = 'postgres-backup/verification/1';

/** `stored`: asks the store. `read`: reads every byte and counts every row. */
export const VERIFY_DEPTHS = ['stored', 'read'] as const;
export type VerifyDepth = (typeof VERIFY_DEPTHS)[number];

export interface Verification {
  readonly format: typeof VERIFICATION_FORMAT;
  readonly point: string;
  readonly source: string;
  readonly component: Component;
  readonly outcome: Outcome;
  readonly depth: VerifyDepth;
  readonly verifiedAt: string;
  readonly durationMs: number;
  /**
   * When every byte of it was last read and was good; absent when that never was. It is carried on by verifications that ask
   * the store alone, as long as nothing failed.
   */
  readonly readAt?: string;
  /** SHA-256 of the manifest that was verified, hex: a result does not hold for another manifest in its place. */
  readonly manifestSha256: string;
  /** What did not pass, and why. Empty when all did. */
  readonly findings: readonly VerificationFinding[];
  /** How many objects were looked at. */
  readonly objects: number;
  /** What the manifest says it holds: what later verifications compare with. `null` when there was no reading it. */
  readonly totals: VerifiedTotals | null;
  /** The newest size that a person accepted, known when this one was verified; absent where none ever was. */
  readonly acceptedSize?: AcceptedSize;
  readonly tool: { readonly name: 'postgres-backup'; readonly version: string };
}

export interface VerifiedTotals {
  /** Bytes the vault holds of it. */
  readonly storedBytes: number;
  /** Rows, objects, files: in the component's own unit. */
  readonly items: number;
  /** Of one that stores what changed: its size says nothing of that of a full one. */
  readonly kind?: 'incremental';
}

/** A person's word that a size is right although it is out of line. */
export interface AcceptedSize {
  /** The recovery point that was accepted: this one, or one of another class. */
  readonly point: string;
  /** Who, as they said. */
  readonly by: string;
  readonly at: string;
  readonly reason: string;
  /** What later recovery points are compared with. */
  readonly totals: VerifiedTotals;
}

/** What is checked besides each object, as findings name it. */
export const VERIFICATION_CHECKS = {
  manifest: 'manifest',
  /** Fewer tables, rows or bytes than there must be. */
  floor: 'least content',
  sizeHistory: 'size against history',
  /** Rows of a dump, objects of a mirror and the like. */
  itemHistory: 'content against history',
  /** The verification did not get to its end. */
  interrupted: 'verification',
} as const;

export interface VerificationFinding {
  /** A key, or one of {@link VERIFICATION_CHECKS}. */
  readonly subject: string;
  readonly outcome: Exclude<Outcome, 'passed'>;
  readonly finding: string;
}
