import { MANIFEST_FORMAT, pointId, type FilesManifest, type LackedPart, type StoredObject } from '../../../model';
import { findLacks, lacksField, lackWarning } from '../../catalog/lacks';
import { makePoint } from '../../catalog/make-point';
import type { PointWriter } from '../../catalog/point-writer';
import { BackupError } from '../../errors';
import { findZstd } from '../../postgres/zstd';
import { VERSION } from '../../version';
import { backupVolume } from './backup/backup-volume';
import { chooseBase, readCandidates, type Base } from './backup/choose-base';
import type { FilesContext, FilesRun, StoredVolume } from './backup/files-run';
import { findTar } from './tar/find-tar';
import type { FilesPoint, FilesRequest, FilesResult, VolumeSource } from './types';

/**
 * Makes one recovery point of one or more volumes: each in full, or what changed since the newest good point. The manifest comes
 * last; whatever fails leaves none, and a failure record.
 */
export async function backupFiles(request: FilesRequest, context: FilesContext): Promise<FilesResult> {
  return makePoint({ ...request, component: 'files' }, context, (writer, startedAt) =>
    storeVolumes(request, context, writer, startedAt),
  );
}

async function storeVolumes(
  request: FilesRequest,
  context: FilesContext,
  writer: PointWriter,
  startedAt: Date,
): Promise<FilesManifest> {
  const run: FilesRun = {
    request,
    context,
    prefix: writer.prefix,
    point: pointId(writer.address),
    tar: await findTar(),
    zstd: await findZstd(),
    warnings: [],
  };
  const candidates = await readCandidates(run);
  for (const warning of run.warnings) context.reporter.warn(warning);
  const volumes: StoredVolume[] = [];
  for (const source of request.volumes) volumes.push(await storeVolume(run, source, candidates));
  const lacks = await lackedBy(request, context);
  return composeManifest(run, writer.address, startedAt, volumes, lacks);
}

async function lackedBy({ source, volumes, given = 'some' }: FilesRequest, { store, reporter }: FilesContext) {
  const names = volumes.map(({ name }) => name);
  const lacks = await findLacks({ source, component: 'files', names, given }, store);
  for (const one of lacks) reporter.warn(lackWarning(one));
  return lacks;
}

const DAMAGE: ReadonlySet<string> = new Set(['object-missing', 'object-damaged', 'archive-damaged']);

/** What turns out to be damaged is not built on: everything is stored again, which mends it for all points to come. */
async function storeVolume(
  run: FilesRun,
  source: VolumeSource,
  candidates: readonly FilesPoint[],
): Promise<StoredVolume> {
  const base: Base | undefined = chooseBase(run, source.name, candidates);
  try {
    return await backupVolume(run, source, base);
  } catch (error) {
    if (!base || !(error instanceof BackupError) || !DAMAGE.has(error.code)) throw error;
    const warning = `volume ${source.name}: stored in full, as ${base.point} cannot be built on: ${error.message}`;
    run.warnings.push(warning);
    run.context.reporter.warn(warning);
    return backupVolume(run, source, undefined);
  }
}

function composeManifest(
  { request, context, tar, zstd, warnings }: FilesRun,
  address: PointWriter['address'],
  startedAt: Date,
  stored: readonly StoredVolume[],
  lacks: readonly LackedPart[],
): FilesManifest {
  const objects: StoredObject[] = [];
  const volumes = stored.map(({ volume, archive, storedIndex, keptIndex }) => {
    const first = objects.push(archive, storedIndex) - 2;
    const kept = keptIndex ? objects.push(keptIndex) - 1 : null;
    const { name, kind, listedAt, builtOn, counts } = volume;
    return { name, kind, listedAt, archive: first, storedIndex: first + 1, keptIndex: kept, builtOn, counts };
  });
  const needed = new Set(volumes.flatMap(({ builtOn }) => builtOn.map(({ point }) => point)));
  return {
    format: MANIFEST_FORMAT,
    point: pointId(address),
    source: address.source,
    component: 'files',
    class: address.class,
    scheduledAt: request.scheduledAt?.toISOString() ?? null,
    startedAt: startedAt.toISOString(),
    finishedAt: context.now().toISOString(),
    tool: { name: 'postgres-backup', version: VERSION },
    client: { tar: tar.version, zstd: zstd.version },
    volumes,
    ...lacksField(lacks),
    objects,
    dependsOn: [...needed].sort(),
    totals: {
      storedBytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      objects: objects.length,
      items: volumes.reduce((sum, { counts }) => sum + counts.stored + counts.unchanged, 0),
    },
    warnings: [...warnings, ...lacks.map(lackWarning)],
  };
}
