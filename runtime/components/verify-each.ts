import { pointId, type Outcome, type StoredObject, type VerifyDepth } from '../../model';
import type { RecoveryPoint } from '../catalog/recovery-point';
import { formatNumberOf } from '../observe/format';
import type { VerificationContext, VerificationReport, VerifiedObject } from './component';
import type { Finding } from './stored-object';

/** Something that is verified as a whole: an object, with whatever its component knows of it. */
interface Verifiable {
  readonly object: StoredObject;
}

export interface VerifiedPoint<Item extends Verifiable> {
  readonly point: RecoveryPoint;
  readonly depth: VerifyDepth;
  readonly objects: readonly Item[];
}

/**
 * Verifies the objects of a recovery point one after the other. Failed when any object is; could not verify when none failed and
 * any could not be proven; passed otherwise.
 *
 * @param verifier makes what verifies one object; it tells of bytes as it reads them
 */
export async function verifyEach<Item extends Verifiable>(
  { point, depth, objects: items }: VerifiedPoint<Item>,
  context: VerificationContext,
  verifier: (onBytes: (sizeBytes: number) => void) => Promise<(item: Item) => Promise<Finding>>,
): Promise<VerificationReport> {
  const begun = performance.now();
  const totalBytes = depth === 'read' ? point.manifest.totals.storedBytes : undefined;
  const step = context.reporter.begin(`verifying ${formatNumberOf(items.length, 'object')}`, { totalBytes });
  const verify = await verifier((sizeBytes) => step.advance(sizeBytes));
  const objects: VerifiedObject[] = [];
  for (const item of items) {
    context.signal.throwIfAborted();
    const { key, sizeBytes } = item.object;
    step.detail(key);
    objects.push({ key, sizeBytes, ...(await verify(item)) });
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

/** Of nothing, nothing is proven. */
function worst(objects: readonly VerifiedObject[]): Outcome {
  if (objects.some(({ outcome }) => outcome === 'failed')) return 'failed';
  if (objects.length === 0 || objects.some(({ outcome }) => outcome !== 'passed')) return 'could not verify';
  return 'passed';
}
