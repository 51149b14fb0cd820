import { pointId } from '../../model';
import { findPoint, listPoints, readPoint } from '../catalog/catalog';
import type { DumpPoint, RecoveryPoint } from '../catalog/recovery-point';
import { BackupError, toBackupError } from '../errors';
import type { DrillContext, DrillRequest } from './types';

/** So many points without a good verification in a row are no reason to look at all the others. */
const MOST_LOOKED_AT = 50;

/**
 * The recovery point to be drilled: the one named, or the newest verified one. Where none is verified, the newest good one:
 * a drill proves more than a verification. Each that is passed over is told.
 */
export async function choosePoint(request: DrillRequest, context: DrillContext): Promise<DumpPoint> {
  const { store, reporter } = context;
  const tell = (point: string, reason: string): void => reporter.warn(`${point} is passed over: ${reason}`);
  if (request.point !== 'latest') return findPoint(store, request.source, 'dump', request.point);
  const addresses = await listPoints(store, request.source, 'dump');
  const unproven: string[] = [];
  for (const address of addresses.slice(0, MOST_LOOKED_AT)) {
    context.signal.throwIfAborted();
    const point = await readOrTell(() => readPoint(store, address), tell, pointId(address));
    if (point?.verification === 'passed') {
      for (const newer of unproven) tell(newer, 'it is not verified');
      return point as DumpPoint;
    }
    if (point?.verification === 'failed') tell(pointId(address), 'its verification failed');
    else if (point) unproven.push(pointId(address));
  }
  if (unproven.length > 0) reporter.warn('no recovery point is verified: the newest is drilled as it is');
  return findPoint(store, request.source, 'dump', unproven[0] ?? 'latest');
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
