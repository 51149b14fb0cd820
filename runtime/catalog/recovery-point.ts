import type { DumpManifest, Manifest, Outcome, PointAddress } from '../../model';

/** A restorable result: where it lies and its manifest, read and checked for form. */
export interface RecoveryPoint<M extends Manifest = Manifest> {
  readonly address: PointAddress;
  /** Key of its folder, with a slash at the end. */
  readonly prefix: string;
  readonly manifest: M;
  /** How the newest verification of this very manifest ended. */
  readonly verification?: Outcome | 'not verified';
}

/** Of a dump. */
export type DumpPoint = RecoveryPoint<DumpManifest>;
