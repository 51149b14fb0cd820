import { MANIFEST_NAME, pointId, type DrilledComponent, type DrilledPoint, type ManifestOf } from '../../model';
import { findPoint, listPoints, readPoint } from '../catalog/catalog';
import { readText } from '../catalog/read-text';
import type { RecoveryPoint } from '../catalog/recovery-point';
import { sha256Of } from '../catalog/verification-record';
import { BackupError, toBackupError } from '../errors';
import { silentReporter } from '../observe/reporter';
import type { DrillContext, DrillRequest } from './types';
import type { DrillWork } from './work';

/** So many points without a good verification in a row are no reason to look at all the others. */
const MOST_LOOKED_AT = 50;

/** Finds what is to be drilled, and writes down what it is. */
export async function findDrilled<C extends DrilledComponent>(
  { request, context, findings, phases }: DrillWork,
  component: C,
): Promise<RecoveryPoint<ManifestOf<C>>> {
  return phases.run(null, 'finding', async () => {
    const point = await choosePoint(request, component, context);
    findings.point = await describePoint(point, context);
    if (request.point !== 'latest') findings.insteadOf = await newerThan(point, request, context);
    return [pointId(point.address), point];
  });
}

/** The point that a drill takes by itself, where that is newer than the one that was asked for. */
export async function newerThan(
  { address }: RecoveryPoint,
  request: DrillRequest,
  context: DrillContext,
): Promise<string | undefined> {
  const { component = 'dump' } = request;
  // What it passes over is told where it is drilled.
  const quiet = { ...context, reporter: silentReporter };
  const own = await choosePoint({ ...request, point: 'latest' }, component, quiet).catch(nothingIfMissing);
  return own && own.address.time > address.time ? pointId(own.address) : undefined;
}

/** Where no point is a good one, also one that is not can be asked for by its name. */
function nothingIfMissing(error: unknown): undefined {
  if (!(error instanceof BackupError) || error.code !== 'point-missing') throw error;
}

/** As a record names it. */
export async function describePoint(
  { address, prefix, manifest, verification = 'not verified' }: RecoveryPoint,
  { store }: Pick<DrillContext, 'store'>,
): Promise<DrilledPoint> {
  const text = (await readText(store, `${prefix}${MANIFEST_NAME}`)) ?? '';
  const holds =
    manifest.component === 'dump'
      ? { tables: manifest.totals.tables, rows: manifest.totals.rows }
      : { items: manifest.totals.items };
  return {
    point: pointId(address),
    class: address.class,
    startedAt: manifest.startedAt,
    verification,
    manifestSha256: sha256Of(text),
    storedBytes: manifest.totals.storedBytes,
    ...holds,
  };
}

/**
 * The recovery point to be drilled: the one named, or the newest verified one. Where none is verified, the newest good one:
 * a drill proves more than a verification. Each that is passed over is told.
 */
async function choosePoint<C extends DrilledComponent>(
  request: DrillRequest,
  component: C,
  context: DrillContext,
): Promise<RecoveryPoint<ManifestOf<C>>> {
  const { store, reporter } = context;
  const tell = (point: string, reason: string): void => reporter.warn(`${point} is passed over: ${reason}`);
  if (request.point !== 'latest') return findPoint(store, request.source, component, request.point);
  const addresses = await listPoints(store, request.source, component);
  const unproven: string[] = [];
  for (const address of addresses.slice(0, MOST_LOOKED_AT)) {
    context.signal.throwIfAborted();
    const point = await readOrTell(() => readPoint(store, address), tell, pointId(address));
    if (point?.verification === 'passed') {
      for (const newer of unproven) tell(newer, 'it is not verified');
      return point as RecoveryPoint<ManifestOf<C>>;
    }
    if (point?.verification === 'failed') tell(pointId(address), 'its verification failed');
    else if (point) unproven.push(pointId(address));
  }
  if (unproven.length > 0) reporter.warn('no recovery point is verified: the newest is drilled as it is');
  return findPoint(store, request.source, component, unproven[0] ?? 'latest');
}

async function readOrTell(
  read: () => Promise<RecoveryPoint>,
  tell: (point: string, reason: string) => void,
  id: string,
): Promise<RecoveryPoint | undefined> {
  try {
    return await read();
  } catch (thrown) {
    const error = toBackupError(thrown);
    if (!(thrown instanceof BackupError) || (error.code !== 'manifest-invalid' && error.code !== 'point-missing'))
      throw thrown;
    tell(id, error.detail ?? error.message);
    return undefined;
  }
}
