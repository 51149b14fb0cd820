/** What every component gives and is given, whatever it backs up. */
import type { Outcome, VerifyDepth } from '../../model';
import type { RunContext } from '../context';

export interface VerifiedObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly outcome: Outcome;
  /** What was compared, or what is wrong. */
  readonly finding: string;
}

export interface VerificationReport {
  readonly outcome: Outcome;
  readonly point: string;
  readonly source: string;
  readonly depth: VerifyDepth;
  readonly objects: readonly VerifiedObject[];
  readonly durationMs: number;
}

/** What a verification works with: it needs no server. */
export type VerificationContext = Pick<RunContext, 'store' | 'reporter' | 'signal' | 'now'>;
