import { parsePointId, pointId, type FilesVolume, type OlderArchive, type PointAddress } from '../../../../model';
import { listPoints, readPoint } from '../../../catalog/catalog';
import { BackupError } from '../../../errors';
import type { FileEntry } from '../entry';
import { readEntries } from '../index/read-index';
import type { FilesPoint } from '../types';
import type { FilesRun } from './files-run';

/** What an incremental backup is built on. */
export interface Base {
  readonly point: string;
  /** Whose archives hold what it does not store again: an entry's archive 1 is the first. */
  readonly archives: readonly OlderArchive[];
  /** What there was, with the archive numbered as in {@link archives}. */
  readonly entries: (signal: AbortSignal) => AsyncIterable<FileEntry>;
}

/** Of more archives than so many, a restore would take too long to read. */
const MOST_ARCHIVES = 100;
/** Points of other volumes may lie between; further back there is nothing to be had. */
const MOST_LOOKED_AT = 20;

/** The newest recovery points of files that may be built on, read once for all volumes of a run. */
export async function readCandidates({ request, context, point, warnings }: FilesRun): Promise<FilesPoint[]> {
  if (request.fullEverySeconds === 0) return [];
  // A point's id is its time: what is built on must be older by it, also when a run comes late.
  const older = (address: PointAddress) => pointId(address) < point;
  const addresses = (await listPoints(context.store, request.source, 'files')).filter(older).slice(0, MOST_LOOKED_AT);
  const candidates: FilesPoint[] = [];
  for (const address of addresses) {
    const found = await readGood(context, address, (reason) => warnings.push(reason));
    if (found) candidates.push(found);
  }
  return candidates;
}

async function readGood(
  { store }: FilesRun['context'],
  address: PointAddress,
  onPassedOver: (reason: string) => void,
): Promise<FilesPoint | undefined> {
  try {
    const point = (await readPoint(store, address)) as FilesPoint;
    if (point.verification !== 'failed') return point;
    onPassedOver(`${pointId(address)} is not built on: its verification failed`);
  } catch (error) {
    if (!(error instanceof BackupError) || !['manifest-invalid', 'point-missing'].includes(error.code)) throw error;
    onPassedOver(`${pointId(address)} is not built on: ${error.detail ?? error.message}`);
  }
  return undefined;
}

/** Nothing when the volume is to be stored in full: for the first time, or after long enough. */
export function chooseBase(run: FilesRun, name: string, candidates: readonly FilesPoint[]): Base | undefined {
  const newest = candidates.flatMap((point) => {
    const volume = point.manifest.volumes.find((one) => one.name === name);
    return volume ? [{ point, volume }] : [];
  })[0];
  if (!newest) return undefined;
  const { point, volume } = newest;
  const fullSince = parsePointId(volume.builtOn[0]?.point ?? point.manifest.point)?.time;
  const ageSeconds = fullSince ? (run.context.now().getTime() - fullSince.getTime()) / 1000 : Infinity;
  if (ageSeconds >= run.request.fullEverySeconds || volume.builtOn.length >= MOST_ARCHIVES) return undefined;
  return baseOf(run, point, volume);
}

function baseOf({ context, zstd }: FilesRun, { manifest }: FilesPoint, volume: FilesVolume): Base {
  const own = { point: manifest.point, class: manifest.class, archiveSha256: manifest.objects[volume.archive].sha256 };
  const archives = [...volume.builtOn, own];
  return {
    point: manifest.point,
    archives,
    entries: async function* (signal) {
      for await (const entry of readEntries({ store: context.store, zstd, signal }, manifest, volume)) {
        yield { ...entry, archive: entry.archive === 0 ? archives.length : entry.archive };
      }
    },
  };
}
