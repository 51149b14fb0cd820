import type { Manifest, Outcome, PointAddress } from '../../model';

/** A restorable result: where it lies and its manifest, read and checked for form. */
export interface RecoveryPoint {
  readonly address: PointAddress;
  /** Key of its folder, with a slash at the end. */
  readonly prefix: string;
  readonly manifest: Manifest;
  /** How the newest verification of this very manifest ended. */
  readonly verification?: Outcome | 'not verified';
}
