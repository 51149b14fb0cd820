import {
  MANIFEST_NAME,
  parsePointId,
  pointId,
  pointPrefix,
  type Component,
  type ManifestOf,
  type PointAddress,
} from '../../model';
import { BackupError, usageError } from '../errors';
import type { ObjectStore } from '../store/store';
import { readManifest } from './manifest-reader';
import { readListed, readText, type ReadRecord } from './read-text';
import type { RecoveryPoint } from './recovery-point';
import { surveyRuns } from './survey';
import { readOutcome } from './verification-record';

/** Every recovery point of a source's component, the newest first: folders that hold a manifest. */
export async function listPoints(store: ObjectStore, source: string, component: Component): Promise<PointAddress[]> {
  const runs = await surveyRuns(store, source, component);
  return runs.filter((run) => run.manifestAt !== undefined).map((run) => run.address);
}

/**
 * Reads one recovery point and how its verification ended; `point-missing` when it has no manifest, `manifest-invalid` when
 * that is not a good one.
 *
 * @param readRecord how the result of its verification is read: it may not be there
 */
export async function readPoint(
  store: ObjectStore,
  address: PointAddress,
  readRecord: ReadRecord = readText,
): Promise<RecoveryPoint> {
  const prefix = pointPrefix(address);
  const text = await readListed(store, `${prefix}${MANIFEST_NAME}`);
  if (text === undefined) throw missing(store, address.source, pointId(address));
  const manifest = readManifest(text, prefix);
  return { address, prefix, manifest, verification: await readOutcome(store, prefix, text, readRecord) };
}

/**
 * The point with this id, or the newest good one for `latest`: the newest whose manifest is valid and whose verification,
 * where there is one, did not fail. A point passed over is told through `onPassedOver`.
 */
export async function findPoint<C extends Component>(
  store: ObjectStore,
  source: string,
  component: C,
  wanted: string,
  onPassedOver: (point: string, reason: string) => void = () => undefined,
): Promise<RecoveryPoint<ManifestOf<C>>> {
  // The manifest's component is that of its place: readManifest refuses any other.
  return (await findAnyPoint(store, source, component, wanted, onPassedOver)) as RecoveryPoint<ManifestOf<C>>;
}

async function findAnyPoint(
  store: ObjectStore,
  source: string,
  component: Component,
  wanted: string,
  onPassedOver: (point: string, reason: string) => void,
): Promise<RecoveryPoint> {
  if (wanted !== 'latest' && !parsePointId(wanted)) {
    throw usageError(
      `"${wanted}" is no recovery point`,
      'Use "latest", or an id such as 20261120T021003Z-4k2m9x as `postgres-backup info` lists them.',
    );
  }
  const points = await listPoints(store, source, component);
  if (wanted !== 'latest') {
    const address = points.find((point) => pointId(point) === wanted);
    if (!address) throw missing(store, source, wanted);
    return readPoint(store, address);
  }
  for await (const point of goodAmong(store, points, onPassedOver)) return point;
  throw missing(store, source, 'latest');
}

/** The good ones, as `latest` means it, the newest first; each is read when it is asked for. */
export async function* goodPoints<C extends Component>(
  store: ObjectStore,
  source: string,
  component: C,
  onPassedOver: (point: string, reason: string) => void = () => undefined,
): AsyncGenerator<RecoveryPoint<ManifestOf<C>>> {
  const points = await listPoints(store, source, component);
  // The manifest's component is that of its place: readManifest refuses any other.
  for await (const point of goodAmong(store, points, onPassedOver)) yield point as RecoveryPoint<ManifestOf<C>>;
}

async function* goodAmong(
  store: ObjectStore,
  points: readonly PointAddress[],
  onPassedOver: (point: string, reason: string) => void,
): AsyncGenerator<RecoveryPoint> {
  for (const address of points) {
    const point = await goodPoint(store, address, onPassedOver);
    if (point) yield point;
  }
}

async function goodPoint(
  store: ObjectStore,
  address: PointAddress,
  onPassedOver: (point: string, reason: string) => void,
): Promise<RecoveryPoint | undefined> {
  try {
    const point = await readPoint(store, address);
    if (point.verification !== 'failed') return point;
    onPassedOver(pointId(address), 'its verification failed');
  } catch (error) {
    if (!(error instanceof BackupError) || (error.code !== 'manifest-invalid' && error.code !== 'point-missing'))
      throw error;
    onPassedOver(pointId(address), error.detail ?? error.message);
  }
  return undefined;
}

function missing(store: ObjectStore, source: string, wanted: string): BackupError {
  const what = wanted === 'latest' ? `no recovery point of "${source}"` : `no recovery point ${wanted} of "${source}"`;
  return new BackupError('point-missing', `there is ${what} in ${store.uri}`, {
    hint: `List what is there: postgres-backup info --vault ${store.uri} --source ${source}`,
  });
}
