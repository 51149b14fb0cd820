/**
 * Verifies a recovery point of mirrors: its inventories by the store's word or by every byte, then every version that they name,
 * by one sorted listing of the vault's versions or, again, by every byte.
 */
import { setMaxListeners } from 'node:events';
import { pointId, type MirrorRecord, type ObjectsManifest, type Outcome, type VerifyDepth } from '../../../model';
import type { RecoveryPoint } from '../../catalog/recovery-point';
import { BackupError } from '../../errors';
import { formatCount, formatNumberOf } from '../../observe/format';
import type { Step } from '../../observe/reporter';
import type { ObjectStore } from '../../store/store';
import type { VerificationContext, VerificationReport, VerifiedObject } from '../component';
import { verifyItems } from '../verify-items';
import { readMirrored } from './verify/read-mirrored';
import { readSample, type SampledContext } from './verify/read-sample';
import { openS3Store } from '../../store/s3-store';
import { lookUpMirrored } from './verify/look-up-mirrored';
import type { MirrorFindings, MirrorVerification } from './verify/mirror-findings';

export async function verifyObjects(
  point: RecoveryPoint<ObjectsManifest>,
  depth: VerifyDepth,
  context: VerificationContext,
): Promise<VerificationReport> {
  const begun = performance.now();
  // Each request on its way listens to it.
  setMaxListeners(0, context.signal);
  const inventories = await verifyItems(point, depth, context);
  const objects: VerifiedObject[] = [...inventories.objects];
  // An inventory that is not good says nothing of what it lists.
  if (inventories.outcome === 'passed') {
    for (const mirror of point.manifest.mirrors) objects.push(...(await verifyMirror(point, mirror, depth, context)));
  }
  return {
    outcome: worst(objects),
    point: pointId(point.address),
    source: point.address.source,
    depth,
    objects,
    durationMs: performance.now() - begun,
    ...(isSampled(depth, context) && { sample: { seed: context.sample.seed } }),
  };
}

async function verifyMirror(
  point: RecoveryPoint<ObjectsManifest>,
  mirror: MirrorRecord,
  depth: VerifyDepth,
  verification: VerificationContext,
): Promise<VerifiedObject[]> {
  const context = { ...verification, data: dataOf(mirror, verification) };
  const isSample = isSampled(depth, context);
  const totalBytes = depth === 'read' && !isSample ? mirror.sizeBytes : undefined;
  const what = `mirror ${mirror.name}, ${formatNumberOf(mirror.objects, 'object')}`;
  const step = context.reporter.begin(`verifying ${what}`, { totalBytes });
  const looking = isSample
    ? readSample(mirror, point.manifest.objects, context, step)
    : look(mirror, point, depth, context, step);
  const findings = await looking.catch((error: unknown) => {
    step.failed((error as Error).message);
    if (error instanceof BackupError && error.code === 'object-damaged') return error;
    throw error;
  });
  if (findings instanceof BackupError) return [finding(mirror, 'failed', findings.message)];
  const found = [summary(mirror, depth, findings), ...findings.examples, ...missing(mirror)];
  const outcome = worst(found);
  if (outcome === 'passed') step.done();
  else step.failed(outcome);
  return found;
}

function look(
  mirror: MirrorRecord,
  { manifest }: RecoveryPoint<ObjectsManifest>,
  depth: VerifyDepth,
  context: MirrorVerification,
  step: Step,
): Promise<MirrorFindings> {
  const way = depth === 'read' ? readMirrored : lookUpMirrored;
  return way(mirror, manifest.objects, context, step);
}

/** The vault, or the bucket of the replica, as whom the vault is read. */
function dataOf({ replica }: MirrorRecord, { store, openReplica = openS3Store }: VerificationContext): ObjectStore {
  return replica === undefined ? store : openReplica(replica.uri);
}

function isSampled<C extends VerificationContext>(
  depth: VerifyDepth,
  context: C,
): context is C & Pick<SampledContext, 'sample'> {
  return depth === 'read' && context.sample !== undefined;
}

function summary(
  mirror: MirrorRecord,
  depth: VerifyDepth,
  { good, bad, unproven, drawn }: MirrorFindings,
): VerifiedObject {
  const of = formatNumberOf(mirror.objects, 'object');
  if (good + bad + unproven !== mirror.objects) {
    return finding(mirror, 'failed', `its inventory lists ${good + bad + unproven} of ${of}`);
  }
  if (bad > 0) return finding(mirror, 'failed', `${bad} of ${of} are not what was mirrored`);
  if (unproven > 0) {
    const what = mirror.replica && depth === 'read' ? 'keeps no checksum of the whole' : 'tells no ETag';
    return finding(mirror, 'could not verify', `of ${unproven} of ${of} the store ${what}`);
  }
  if (drawn !== undefined) {
    const words = `${of}: versions, sizes and ETags; of ${formatCount(drawn)} of them every byte`;
    return finding(mirror, 'passed', words);
  }
  return finding(mirror, 'passed', depth === 'read' ? `every byte of ${of} read` : `${of}: versions, sizes and ETags`);
}

function missing(mirror: MirrorRecord): VerifiedObject[] {
  const { count, examples } = mirror.missing;
  if (count === 0) return [];
  const reasons = [...new Set(examples.map(({ reason }) => reason))].join(', ');
  return [
    finding(
      mirror,
      'could not verify',
      `${formatNumberOf(count, 'object')} of the source could not be copied: ${reasons}`,
    ),
  ];
}

function finding({ prefix, sizeBytes }: MirrorRecord, outcome: Outcome, text: string): VerifiedObject {
  return { key: prefix, sizeBytes, outcome, finding: text };
}

/** Of nothing, nothing is proven. */
function worst(objects: readonly VerifiedObject[]): Outcome {
  if (objects.some(({ outcome }) => outcome === 'failed')) return 'failed';
  if (objects.length === 0 || objects.some(({ outcome }) => outcome !== 'passed')) return 'could not verify';
  return 'passed';
}
