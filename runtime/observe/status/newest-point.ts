import { dataAt, lacksOf, manifestItems } from '../../../model';
import { readPoint } from '../../catalog/catalog';
import { readListed, readText } from '../../catalog/read-text';
import type { RecoveryPoint } from '../../catalog/recovery-point';
import { BackupError } from '../../errors';
import type { ObjectStore } from '../../store/store';
import type { DatedRun } from './dated-run';
import type { DatedPoint, NewestPoint, NotGoodPoint } from './source-status';

/** How far back a good one is looked for; when so many in a row are no good, the age of the next one is no comfort. */
const MOST_READ = 50;

export interface Newest {
  readonly newest: NewestPoint | null;
  readonly newestVerified: DatedPoint | null;
  /** Those that were met on the way and are no good. */
  readonly passedOver: readonly NotGoodPoint[];
}

/** The newest good one and the newest verified one, each with its manifest read. `points` come the newest first. */
export async function findNewest(store: ObjectStore, points: readonly DatedRun[]): Promise<Newest> {
  let newest: NewestPoint | null = null;
  const passedOver: NotGoodPoint[] = [];
  for (const { run, begunAt } of points.slice(0, MOST_READ)) {
    // Without a record of it, it is not the verified one that is still looked for.
    if (newest && !run.verifiedAt) continue;
    const point = await readOrNote(store, run, passedOver);
    if (!point) continue;
    const { verification = 'not verified' } = point;
    if (verification !== 'failed') newest ??= newestOf(point, begunAt);
    // Its own record tells why; where that is content, it is about another manifest.
    else
      passedOver.push({
        address: run.address,
        outcome: 'failed',
        reason: 'its manifest is not the verified one',
        unusual: false,
      });
    if (verification === 'passed') {
      return { newest, newestVerified: { address: run.address, begunAt: dataAt(point.manifest, begunAt) }, passedOver };
    }
  }
  return { newest, newestVerified: null, passedOver };
}

async function readOrNote(
  store: ObjectStore,
  { address, verifiedAt }: DatedRun['run'],
  passedOver: NotGoodPoint[],
): Promise<RecoveryPoint | undefined> {
  try {
    return await readPoint(store, address, verifiedAt ? readListed : readText);
  } catch (error) {
    if (!(error instanceof BackupError) || !ABOUT_THE_POINT.includes(error.code)) throw error;
    passedOver.push({ address, outcome: 'failed', reason: error.detail ?? error.message, unusual: false });
    return undefined;
  }
}

function durationMsOf({ manifest }: RecoveryPoint): number {
  return Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt);
}

/** Of one point alone. Everything else, such as a store that denies, says nothing of the backups. */
const ABOUT_THE_POINT: readonly string[] = ['manifest-invalid', 'point-missing', 'object-missing'];

function newestOf(point: RecoveryPoint, begunAt: Date): NewestPoint {
  const { address, manifest, verification } = point;
  return {
    address,
    begunAt: dataAt(manifest, begunAt),
    verification: verification ?? 'not verified',
    serverVersion: manifest.component === 'dump' ? manifest.server.version : null,
    storedBytes: manifest.totals.storedBytes,
    items: manifestItems(manifest),
    durationMs: durationMsOf(point),
    lacks: lacksOf(manifest),
  };
}
