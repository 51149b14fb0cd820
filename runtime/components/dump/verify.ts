import { pointId, type Outcome } from '../../../model';
import type { RecoveryPoint } from '../../catalog/recovery-point';
import type { RunContext } from '../../context';
import { formatNumberOf } from '../../observe/format';
import { findZstd } from '../../postgres/zstd';
import type { ArchiveOrigin } from './verified-archive';
import { readableObjects, verifyRead, type ReadableObject } from './verify/read-object';
import { verifyStored, type Finding } from './verify/stored-object';
import type { VerificationReport, VerifiedObject, VerifyDepth } from './types';

/**
 * Holds a recovery point against its manifest without restoring it. Failed when any object is; could not verify when none failed and
 * any could not be proven; passed otherwise.
 */
export async function verifyDump(
  point: RecoveryPoint,
  depth: VerifyDepth,
  context: Pick<RunContext, 'store' | 'reporter' | 'signal' | 'now'>,
): Promise<VerificationReport> {
  const begun = performance.now();
  const readables = readableObjects(point.manifest);
  const totalBytes = depth === 'read' ? point.manifest.totals.storedBytes : undefined;
  const step = context.reporter.begin(`verifying ${formatNumberOf(readables.length, 'object')}`, { totalBytes });
  const verify = await verifierOf(depth, context, (sizeBytes) => step.advance(sizeBytes));
  const objects: VerifiedObject[] = [];
  for (const readable of readables) {
    context.signal.throwIfAborted();
    const { key, sizeBytes } = readable.object;
    step.detail(key);
    objects.push({ key, sizeBytes, ...(await verify(readable)) });
  }
  const outcome = worst(objects);
  if (outcome === 'passed') step.done(formatNumberOf(objects.length, 'object'));
  else step.failed(outcome);
  return {
    outcome,
    point: pointId(point.address),
    source: point.address.source,
    depth,
    objects,
    durationMs: performance.now() - begun,
  };
}

async function verifierOf(
  depth: VerifyDepth,
  context: Pick<RunContext, 'store' | 'signal'>,
  onBytes: (sizeBytes: number) => void,
): Promise<(readable: ReadableObject) => Promise<Finding>> {
  if (depth === 'stored') return ({ object }) => verifyStored(context.store, object);
  const origin: ArchiveOrigin = { store: context.store, zstd: await findZstd(), signal: context.signal };
  return (readable) => verifyRead(origin, readable, onBytes);
}

/** Of nothing, nothing is proven. */
function worst(objects: readonly VerifiedObject[]): Outcome {
  if (objects.some(({ outcome }) => outcome === 'failed')) return 'failed';
  if (objects.length === 0 || objects.some(({ outcome }) => outcome !== 'passed')) return 'could not verify';
  return 'passed';
}
