/** What every component gives and is given, whatever it backs up. */
import type { Outcome, VerifyDepth } from '../../model';
import type { RunContext } from '../context';
import type { ObjectStore } from '../store/store';

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
  /** Not everything was read, but lots were drawn: by the same seed the same are drawn. */
  readonly sample?: { readonly seed: number };
}

/** What a verification works with: it needs no server. */
export interface VerificationContext extends Pick<RunContext, 'store' | 'reporter' | 'signal' | 'now'> {
  /** Of mirrored objects, with the depth `read`: how many are read. @default all */
  readonly sample?: SampleRequest;
  /** Opens the bucket of a replica, `s3://bucket[/folder]`. @default as whom the vault is read */
  readonly openReplica?: (uri: string) => ObjectStore;
}

/** How much is read, and by which lots. */
export interface SampleRequest {
  /** So many of each mirror, or so many in a hundred. @default 100, or one in a hundred where that is more */
  readonly amount?: { readonly objects: number } | { readonly percent: number };
  readonly seed: number;
}
