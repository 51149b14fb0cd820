import { MANIFEST_FORMAT, pointId, type ObjectsManifest } from '../../../model';
import { PointWriter } from '../../catalog/point-writer';
import { addressOf } from '../../catalog/run-id';
import { BackupError, toBackupError } from '../../errors';
import { VERSION } from '../../version';
import { findKnownRuns } from './mirror/known-entries';
import { mirrorBucket, type MirroredBucket } from './mirror/mirror-bucket';
import type { MirrorContext, MirrorsRequest, MirrorsResult } from './types';

/**
 * Brings the mirrors up to date and makes one recovery point of their inventories, the manifest last. Whatever fails leaves no
 * manifest and a failure record; what was copied by then is found by the next run. A second run for the same scheduled time
 * is skipped before it does anything.
 */
export async function backupObjects(request: MirrorsRequest, context: MirrorContext): Promise<MirrorsResult> {
  const begun = performance.now();
  const startedAt = context.now();
  const address = addressOf({ ...request, component: 'objects', startedAt });
  const { store, deadlineSeconds } = context;
  const writer = await PointWriter.claim(store, address, startedAt, { deadlineSeconds });
  if (writer === 'taken') return { outcome: 'skipped', reason: 'another run is making, or made, this recovery point' };
  if (writer.attempt > 1) context.reporter.warn(`attempt ${writer.attempt}: those before it failed or were killed`);
  try {
    const manifest = await makePoint(request, context, writer, startedAt);
    const durationMs = performance.now() - begun;
    return { outcome: 'made', manifest, uri: writer.uri, durationMs, requests: sentBy(request) };
  } catch (error) {
    const isTaken = error instanceof BackupError && error.code === 'store-conflict' && (await writer.isTakenOver());
    if (isTaken) return { outcome: 'skipped', reason: 'another attempt made it meanwhile' };
    await leaveRecord(writer, error, context);
    throw error;
  }
}

async function makePoint(
  request: MirrorsRequest,
  context: MirrorContext,
  writer: PointWriter,
  startedAt: Date,
): Promise<ObjectsManifest> {
  const known = await findKnownRuns(request.source, writer.prefix, context);
  const mirrored: MirroredBucket[] = [];
  for (const mirror of request.mirrors) {
    const { source, vault, settings } = request;
    mirrored.push(await mirrorBucket({ source, mirror, vault, settings, pointPrefix: writer.prefix, known }, context));
  }
  const manifest = composeManifest(request, context, writer, startedAt, mirrored);
  context.signal.throwIfAborted();
  await writer.finish(manifest);
  return manifest;
}

function composeManifest(
  request: MirrorsRequest,
  context: MirrorContext,
  { address }: PointWriter,
  startedAt: Date,
  mirrored: readonly MirroredBucket[],
): ObjectsManifest {
  const objects = mirrored.flatMap((one) => one.objects);
  const mirrors = mirrored.map(({ record }) => record);
  return {
    format: MANIFEST_FORMAT,
    point: pointId(address),
    source: request.source,
    component: 'objects',
    class: request.class,
    scheduledAt: request.scheduledAt?.toISOString() ?? null,
    startedAt: startedAt.toISOString(),
    finishedAt: context.now().toISOString(),
    tool: { name: 'postgres-backup', version: VERSION },
    objects,
    dependsOn: [],
    mirrors,
    totals: {
      storedBytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      objects: objects.length,
      items: mirrors.reduce((sum, mirror) => sum + mirror.objects, 0),
    },
    warnings: mirrors
      .filter(({ missing }) => missing.count > 0)
      .map(({ name, missing }) => `${missing.count} objects of mirror "${name}" could not be copied`),
  };
}

/** The vault's and each source's; a bucket that is asked through two mirrors counts once. */
function sentBy({ vault, mirrors }: MirrorsRequest): { writing: number; reading: number } {
  const buckets = new Set([vault, ...mirrors.map(({ from }) => from)]);
  return [...buckets].reduce(
    (sum, { sent }) => ({ writing: sum.writing + sent.writing, reading: sum.reading + sent.reading }),
    { writing: 0, reading: 0 },
  );
}

/** The failure is thrown either way; that its record could not be written is said, and does not hide it. */
async function leaveRecord(writer: PointWriter, error: unknown, context: MirrorContext): Promise<void> {
  try {
    await writer.fail(toBackupError(error), context.now());
  } catch (unrecorded) {
    context.reporter.warn(
      `no failure record could be left for ${pointId(writer.address)}: ${toBackupError(unrecorded).message}`,
    );
  }
}
