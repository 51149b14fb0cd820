import type { VerifyDepth } from '../../../model';
import type { DumpPoint } from '../../catalog/recovery-point';
import { findZstd } from '../../postgres/zstd';
import type { VerificationContext, VerificationReport } from '../component';
import { verifyStored, type Finding } from '../stored-object';
import { verifyEach } from '../verify-each';
import type { ArchiveOrigin } from './verified-archive';
import { readableObjects, verifyRead, type ReadableObject } from './verify/read-object';

/**
 * Holds a recovery point against its manifest without restoring it. Failed when any object is; could not verify when none failed and
 * any could not be proven; passed otherwise.
 */
export async function verifyDump(
  point: DumpPoint,
  depth: VerifyDepth,
  context: VerificationContext,
): Promise<VerificationReport> {
  const objects = readableObjects(point.manifest);
  return verifyEach({ point, depth, objects }, context, (onBytes) => verifierOf(depth, context, onBytes));
}

async function verifierOf(
  depth: VerifyDepth,
  context: VerificationContext,
  onBytes: (sizeBytes: number) => void,
): Promise<(readable: ReadableObject) => Promise<Finding>> {
  if (depth === 'stored') return ({ object }) => verifyStored(context.store, object);
  const origin: ArchiveOrigin = { store: context.store, zstd: await findZstd(), signal: context.signal };
  return (readable) => verifyRead(origin, readable, onBytes);
}
