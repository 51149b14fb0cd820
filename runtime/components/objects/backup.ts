import { MANIFEST_FORMAT, pointId, type LackedPart, type MirrorRecord, type ObjectsManifest } from '../../../model';
import { findLacks, lacksField, lackWarning } from '../../catalog/lacks';
import { makePoint } from '../../catalog/make-point';
import type { PointWriter } from '../../catalog/point-writer';
import { VERSION } from '../../version';
import { findKnownRuns } from './mirror/known-entries';
import { takeListing } from './listed/take-listing';
import { mirrorBucket, type MirroredBucket } from './mirror/mirror-bucket';
import type { MirrorContext, MirrorsRequest, MirrorsResult } from './types';

/**
 * Brings the mirrors up to date and makes one recovery point of their inventories, the manifest last. Whatever fails leaves no
 * manifest and a failure record; what was copied by then is found by the next run. A second run for the same scheduled time
 * is skipped before it does anything.
 */
export async function backupObjects(request: MirrorsRequest, context: MirrorContext): Promise<MirrorsResult> {
  const made = await makePoint({ ...request, component: 'objects' }, context, (writer, startedAt) =>
    storeMirrors(request, context, writer, startedAt),
  );
  return { ...made, requests: sentBy(request) };
}

async function storeMirrors(
  request: MirrorsRequest,
  context: MirrorContext,
  writer: PointWriter,
  startedAt: Date,
): Promise<ObjectsManifest> {
  const names = request.mirrors.map(({ name }) => name);
  const knownOf = await findKnownRuns(request.source, writer.prefix, names, context);
  const mirrored: MirroredBucket[] = [];
  for (const mirror of request.mirrors) {
    const { source, vault, settings } = request;
    const run = { source, mirror, vault, settings, pointPrefix: writer.prefix, known: knownOf(mirror.name) };
    mirrored.push(
      await (mirror.listings
        ? takeListing({ ...run, listings: mirror.listings }, context)
        : mirrorBucket(run, context)),
    );
  }
  const { source, given = 'some' } = request;
  const lacks = await findLacks({ source, component: 'objects', names, given }, context.store);
  const manifest = composeManifest(request, context, writer, startedAt, mirrored, lacks);
  for (const warning of manifest.warnings) context.reporter.warn(warning);
  return manifest;
}

function composeManifest(
  request: MirrorsRequest,
  context: MirrorContext,
  { address }: PointWriter,
  startedAt: Date,
  mirrored: readonly MirroredBucket[],
  lacks: readonly LackedPart[],
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
    ...lacksField(lacks),
    totals: {
      storedBytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      objects: objects.length,
      items: mirrors.reduce((sum, mirror) => sum + mirror.objects, 0),
    },
    warnings: [...mirrors.flatMap(warningsOf), ...lacks.map(lackWarning)],
  };
}

function warningsOf({ name, from, objects, missing, replica, changes: { late = 0 } }: MirrorRecord): string[] {
  return [
    // A prefix or a name that is wrong looks like this, and nothing is lost by it that a later run could notice.
    ...(objects === 0 ? [`mirror "${name}" holds nothing: no object of ${from} was chosen and copied`] : []),
    ...(replica ? [`mirror "${name}" is as S3 listed it at ${replica.listedAt}`] : []),
    ...(missing.count > 0 ? [`${missing.count} objects of mirror "${name}" could not be copied`] : []),
    ...(late > 0
      ? [`${late} objects of mirror "${name}" were copied by this run, though events should have told of them before`]
      : []),
  ];
}

/** The vault's and each source's; a bucket that is asked through two mirrors counts once. */
function sentBy({ vault, mirrors }: MirrorsRequest): { writing: number; reading: number } {
  const buckets = new Set([vault, ...mirrors.map(({ from }) => from)]);
  return [...buckets].reduce(
    (sum, { sent }) => ({ writing: sum.writing + sent.writing, reading: sum.reading + sent.reading }),
    { writing: 0, reading: 0 },
  );
}
