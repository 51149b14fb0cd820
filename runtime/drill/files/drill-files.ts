import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { FilesManifest, FilesVolume } from '../../../model';
import type { RecoveryPoint } from '../../catalog/recovery-point';
import type { FileEntry } from '../../components/files/entry';
import { readEntries } from '../../components/files/index/read-index';
import { restoreFiles } from '../../components/files/restore';
import type { RestoredVolume, RestoreFilesReport } from '../../components/files/types';
import { formatBytes, formatNumberOf } from '../../observe/format';
import { findZstd } from '../../postgres/zstd';
import { findDrilled } from '../choose-point';
import { Differences } from '../compare/differences';
import { chooseExtent, type ChosenExtent } from '../extent';
import { Sample, sampleSize } from '../lots';
import { inScratch, refuseTooLittleRoom } from '../scratch';
import type { DrillWork } from '../work';

/** Names and directories take room too. */
const ENTRY_BYTES = 4096;
const ROOM_BYTES = 64 * 1024 * 1024;

/**
 * Restores volumes, or names of them by lot, into a directory that goes afterwards, by the code of `restore files`, which holds
 * what is on the disk then against the index: kind, owner (where this runs as root), mode, time, links, and every byte.
 */
export async function drillFiles(work: DrillWork): Promise<void> {
  const point = await findDrilled(work, 'files');
  const extent = await chooseExtent(work, 'files');
  const drawn: DrawnVolume[] = [];
  await work.phases.run(null, 'index', async () => {
    for (const volume of point.manifest.volumes) drawn.push(await drawFrom(work, point, volume, extent));
    return [
      formatNumberOf(
        sum(drawn, ({ listed }) => listed),
        'entry',
      ),
      undefined,
    ];
  });
  await inScratch(work.request.scratchParent, async (directory) => {
    const sizeBytes = sum(drawn, ({ contentBytes, tried }) => contentBytes + tried * ENTRY_BYTES) + ROOM_BYTES;
    await refuseTooLittleRoom(directory, {
      what: `What is restored takes up to ${formatBytes(sizeBytes)}.`,
      sizeBytes,
    });
    const report = await restoreTimed(work, point, path.join(directory, 'files'), extent.extent, drawn);
    for (const one of drawn) addPart(work, one, report);
  });
  if (extent.extent === 'full') work.findings.allRestored();
}

/** What is tried of one volume. */
interface DrawnVolume {
  readonly volume: FilesVolume;
  /** Entries in the index. */
  readonly listed: number;
  /** Of them to be restored; without directories on the way, in a sample. */
  readonly tried: number;
  readonly contentBytes: number;
  /** Of a sample. */
  readonly chosen: ReadonlySet<string>;
}

/** Reads the index to its end: what it lists, and what of it is tried. */
async function drawFrom(
  { request, context }: DrillWork,
  { manifest }: RecoveryPoint<FilesManifest>,
  volume: FilesVolume,
  { extent, lots }: ChosenExtent,
): Promise<DrawnVolume> {
  const { store, signal } = context;
  const of = itemsOf(volume);
  const wanted = extent === 'full' ? of : sampleSize(of, request.sampleItems);
  const sample = new Sample(lots, { of, wanted });
  const chosen = new Set<string>();
  let [listed, tried, contentBytes] = [0, 0, 0];
  for await (const entry of readEntries({ store, zstd: await findZstd(), signal }, manifest, volume)) {
    listed += 1;
    if (extent === 'sample' && (!isItem(entry) || !sample.takesNext())) continue;
    tried += 1;
    contentBytes += entry.sizeBytes;
    if (extent === 'sample') chosen.add(entry.path);
  }
  return { volume, listed, tried, contentBytes, chosen };
}

/** Directories come along with what is in them. */
function isItem({ type }: FileEntry): boolean {
  return type !== 'directory';
}

function itemsOf({ counts: { files, symbolicLinks, hardLinks } }: FilesVolume): number {
  return files + symbolicLinks + hardLinks;
}

async function restoreTimed(
  { context, phases }: DrillWork,
  point: RecoveryPoint<FilesManifest>,
  directory: string,
  extent: ChosenExtent['extent'],
  drawn: readonly DrawnVolume[],
): Promise<RestoreFilesReport> {
  await mkdir(directory, { mode: 0o700 });
  const begun = performance.now();
  const chosen = new Map(drawn.map(({ volume, chosen: names }) => [volume.name, names]));
  const report = await restoreFiles(
    { point, directory, volumes: [], paths: [], existing: 'refuse', ...(extent === 'sample' && { chosen }) },
    context,
  );
  for (const warning of report.warnings) context.reporter.warn(warning);
  const summary = formatBytes(sum(report.volumes, ({ contentBytes }) => contentBytes));
  phases.add(null, { name: 'files', durationMs: performance.now() - begun, summary });
  return report;
}

function addPart(
  { findings }: DrillWork,
  { volume, listed, tried, chosen }: DrawnVolume,
  report: RestoreFilesReport,
): void {
  const { counts, name } = volume;
  const index = new Differences('index').count(listed);
  const expected = counts.stored + counts.unchanged;
  if (listed !== expected) index.failed(`it lists ${listed} of ${formatNumberOf(expected, 'entry')}`);
  const restored = report.volumes.find((one) => one.name === name);
  const names = compareNames(restored, chosen.size > 0 ? chosen.size : tried);
  findings.addPart({
    name,
    comparisons: [index.result(), names],
    tried,
    of: chosen.size > 0 ? itemsOf(volume) : listed,
  });
}

function compareNames(restored: RestoredVolume | undefined, atLeast: number) {
  const names = new Differences('names');
  if (!restored) return names.failed('the volume was not restored').result();
  names.count(restored.entries);
  for (const difference of restored.differences) names.failed(difference);
  if (restored.differing > restored.differences.length) names.failed(`${restored.differing} differ in all`);
  if (restored.entries < atLeast) names.failed(`${restored.entries} of ${atLeast} were restored`);
  if (atLeast === 0) names.unverified('nothing was there to be restored');
  return names.result();
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
