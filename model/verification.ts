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
  /** SHA-256 of the manifest that was verified, hex: a result does not hold for another manifest in its place. */
  readonly manifestSha256: string;
  /** What did not pass, and why. Empty when all did. */
  readonly findings: readonly VerificationFinding[];
  /** How many objects were looked at. */
  readonly objects: number;
  readonly tool: { readonly name: 'postgres-backup'; readonly version: string };
}

export interface VerificationFinding {
  /** A key, or the name of a check such as `size against history`. */
  readonly subject: string;
  readonly outcome: Exclude<Outcome, 'passed'>;
  readonly finding: string;
}
