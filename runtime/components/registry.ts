/** The components there are at run time: what verifies each. Adding one begins here, where the compiler asks for it. */
import type { Component, Manifest, ManifestOf, VerifyDepth } from '../../model';
import type { RecoveryPoint } from '../catalog/recovery-point';
import type { VerificationContext, VerificationReport } from './component';
import { verifyBaseBackup } from './base-backup/verify';
import { verifyConfiguration } from './configuration/verify';
import { verifyDump } from './dump/verify';
import { verifyObjects } from './objects/verify';
import { verifyFiles } from './files/verify';

type Verify<M extends Manifest> = (
  point: RecoveryPoint<M>,
  depth: VerifyDepth,
  context: VerificationContext,
) => Promise<VerificationReport>;

const VERIFIERS: { readonly [C in Manifest['component']]: Verify<ManifestOf<C>> } = {
  dump: verifyDump,
  'base-backup': verifyBaseBackup,
  objects: verifyObjects,
  files: verifyFiles,
  configuration: verifyConfiguration,
};

/** Holds a recovery point of any component against its manifest, without restoring it. */
export function verifyPoint(
  point: RecoveryPoint,
  depth: VerifyDepth,
  context: VerificationContext,
): Promise<VerificationReport> {
  // The one that its own component names takes it.
  return (VERIFIERS[point.manifest.component] as Verify<Manifest>)(point, depth, context);
}

/** The components that make recovery points, in the order people read of them. */
export const POINT_COMPONENTS = Object.keys(VERIFIERS) as readonly Component[];
