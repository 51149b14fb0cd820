import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { finished, pipeline } from 'node:stream/promises';
import { lacksOf, pointId, type FilesVolume } from '../../../model';
import { BackupError, usageError } from '../../errors';
import { formatNumberOf } from '../../observe/format';
import { findZstd } from '../../postgres/zstd';
import { archiveOf } from './older-archive';
import type { FilesContext } from './backup/files-run';
import type { FileEntry } from './entry';
import { readEntries } from './index/read-index';
import { compareRestored } from './restore/compare-restored';
import { END_OF_ARCHIVE, endExtraction, extractArchive, listFailure, startExtraction } from './restore/extract-archive';
import { linkNames } from './restore/link-names';
import { makeDirectory, prepareTarget } from './restore/prepare-target';
import { Selection } from './restore/selection';
import { IS_ROOT, wantedEntries, type VolumeRestore } from './restore/volume-restore';
import { findTar } from './tar/find-tar';
import type { RestoredVolume, RestoreFilesReport, RestoreFilesRequest } from './types';

/**
 * Restores volumes as they were at the point, whole or by path, and compares what is on the disk then with the index. What differs is
 * in the report, which is failed by it.
 */
export async function restoreFiles(request: RestoreFilesRequest, context: FilesContext): Promise<RestoreFilesReport> {
  const begun = performance.now();
  const { point } = request;
  const chosen = chosenVolumes(request);
  const [tar, zstd] = [await findTar(), await findZstd()];
  const origin = { store: context.store, zstd, signal: context.signal };
  const warnings = IS_ROOT ? [] : [`not run as root: all files belong to user ${process.getuid?.()}`];
  const selections = new Map<FilesVolume, Selection>();
  for (const volume of chosen) selections.set(volume, await survey(origin, request, volume));
  const volumes: RestoredVolume[] = [];
  for (const [volume, selection] of selections) {
    const directory =
      point.manifest.volumes.length === 1 ? request.directory : path.join(request.directory, volume.name);
    const step = context.reporter.begin(`volume ${volume.name}`);
    const root = await prepareTarget(directory, request.existing);
    const scratch = await mkdtemp(path.join(tmpdir(), 'postgres-backup-files-'));
    try {
      const restore: VolumeRestore = { request, volume, origin, tar, zstd, root, selection, scratch, step, warnings };
      const compared = await restoreVolume(restore, context);
      volumes.push({ name: volume.name, directory, ...compared });
      step.done(formatNumberOf(compared.entries, 'entry'));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  return {
    outcome: volumes.every(({ differing }) => differing === 0) ? 'passed' : 'failed',
    point: pointId(point.address),
    source: point.address.source,
    volumes,
    durationMs: performance.now() - begun,
    warnings,
  };
}

function chosenVolumes({ point, volumes }: RestoreFilesRequest): readonly FilesVolume[] {
  const all = point.manifest.volumes;
  const unknown = volumes.find((name) => all.every((volume) => volume.name !== name));
  if (unknown !== undefined) {
    const lacked = lacksOf(point.manifest).find(({ name }) => name === unknown);
    throw usageError(
      `there is no volume ${JSON.stringify(unknown)} in ${point.manifest.point}`,
      lacked ? `The last of it is in ${lacked.point}.` : `It holds ${all.map(({ name }) => name).join(', ')}.`,
    );
  }
  return volumes.length === 0 ? all : all.filter(({ name }) => volumes.includes(name));
}

/** Before anything of any volume is touched: is the index whole, and is there something at each path? */
async function survey(
  origin: VolumeRestore['origin'],
  { point, paths, chosen }: RestoreFilesRequest,
  volume: FilesVolume,
): Promise<Selection> {
  const selection = new Selection(paths, chosen?.get(volume.name));
  for await (const entry of readEntries(origin, point.manifest, volume)) {
    selection.survey(entry);
  }
  const [missing] = selection.missing;
  if (missing === undefined) return selection;
  throw new BackupError(
    'restore-failed',
    `there is no ${missing} in volume ${volume.name} of ${point.manifest.point}`,
    {
      hint: 'Paths begin at the volume’s directory, without a slash; of several volumes, name one. Nothing was restored.',
    },
  );
}

async function restoreVolume(
  restore: VolumeRestore,
  { store }: FilesContext,
): Promise<Omit<RestoredVolume, 'name' | 'directory'>> {
  const { request, volume, scratch, root } = restore;
  const counts = new Map<number, number>();
  for await (const entry of wantedEntries(restore, request.point)) {
    if (entry.type === 'directory') await makeDirectory(root, entry);
    if (entry.type !== 'hard link') counts.set(entry.archive, (counts.get(entry.archive) ?? 0) + 1);
  }
  const spool = path.join(scratch, 'directories.tar');
  const directories = createWriteStream(spool);
  // Looked at where it is written to, and at its end.
  directories.on('error', () => undefined);
  try {
    // The oldest first; the point's own, which is number 0, last.
    const archives = [...counts.keys()].sort((a, b) => (a || Infinity) - (b || Infinity));
    for (const archive of archives) {
      const object = await archiveOf(store, request.point, volume, archive);
      const entries = only(restore, (entry) => entry.archive === archive && entry.type !== 'hard link');
      await extractArchive(restore, object, entries, directories);
    }
    const links = only(restore, ({ type }) => type === 'hard link');
    await linkNames(root, links, request.existing);
    directories.end(END_OF_ARCHIVE);
    await finished(directories).catch((error: Error) => {
      throw listFailure(error);
    });
  } finally {
    directories.destroy();
  }
  await restoreDirectories(restore, spool);
  return { ...(await compareRestored(restore, wantedEntries(restore, request.point))) };
}

async function* only(restore: VolumeRestore, isWanted: (entry: FileEntry) => boolean): AsyncGenerator<FileEntry> {
  for await (const entry of wantedEntries(restore, restore.request.point)) if (isWanted(entry)) yield entry;
}

/** Last, as whatever is put into a directory changes its time, and one that may not be written to takes nothing. */
async function restoreDirectories(restore: VolumeRestore, spool: string): Promise<void> {
  const tar = startExtraction(restore, '--overwrite-dir');
  // That it went away is told by its exit.
  if (tar.stdin) await pipeline(createReadStream(spool), tar.stdin).catch(() => undefined);
  await endExtraction(tar, restore);
}
