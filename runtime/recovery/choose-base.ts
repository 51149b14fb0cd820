/** Which base backup a restore begins with, and on which timeline it goes where. */
import { formatLsn, parseLsn, pointId } from '../../model';
import { listPoints, readPoint } from '../catalog/catalog';
import { readLinks } from '../components/base-backup/links';
import type { BaseBackupPoint } from '../components/base-backup/types';
import { BackupError, toBackupError } from '../errors';
import type { RecoveryPoint } from '../catalog/recovery-point';
import { WalArchive } from '../wal/archive';
import { ClusterLog } from './cluster-log';
import { describeTarget } from './describe-target';
import type { MomentContext, MomentRequest, MomentTarget } from './types';

export interface ChosenBase {
  readonly point: BaseBackupPoint;
  readonly log: ClusterLog;
  /** On which the moment lies. */
  readonly timeline: number;
  /** The first byte of the log that recovery does not find. */
  readonly reach: bigint;
}

/**
 * The newest base backup that ended before the moment and from which the archived log leads to it.
 *
 * @throws BackupError `point-missing`, with the reason for each that was passed over.
 */
export async function chooseBase(request: MomentRequest, context: MomentContext): Promise<ChosenBase> {
  const { store } = context;
  const logs = new Map<string, Promise<ClusterLog>>();
  const reasons: string[] = [];
  for (const address of await listPoints(store, request.source, 'base-backup')) {
    const id = pointId(address);
    if (request.base !== undefined && request.base !== id) continue;
    const point = await readPoint(store, address).catch((error: unknown) => toBackupError(error));
    const chosen = point instanceof BackupError ? problemOf(point) : await examine(point, request, context, logs);
    if (typeof chosen === 'object') return chosen;
    reasons.push(`${id}: ${chosen}`);
  }
  throw new BackupError(
    'point-missing',
    `no base backup of "${request.source}" leads to ${describeTarget(request.target)}`,
    {
      detail:
        reasons.length > 0
          ? reasons.join('\n')
          : `There is none${request.base ? ` called ${request.base}` : ''} in ${store.uri}.`,
      hint: '`postgres-backup wal-check` tells what can be reached from which base backup.',
    },
  );
}

/** What cannot be read is passed over; a store that fails ends the search. */
function problemOf(error: BackupError): string {
  if (error.code !== 'manifest-invalid' && error.code !== 'point-missing') throw error;
  return error.detail ?? error.message;
}

async function examine(
  found: RecoveryPoint,
  request: MomentRequest,
  { store, signal }: MomentContext,
  logs: Map<string, Promise<ClusterLog>>,
): Promise<ChosenBase | string> {
  const point = found as BaseBackupPoint;
  if (point.verification === 'failed') return 'its verification failed';
  const { wal, endedAt } = point.manifest;
  const [from, stop] = [parseLsn(wal.startLsn), parseLsn(wal.stopLsn)] as [bigint, bigint];
  const late = endsTooLate(request.target, stop, endedAt);
  if (late !== undefined) return late;
  const broken = await brokenLink(point, store);
  if (broken !== undefined) return broken;
  const known = logs.get(wal.systemIdentifier);
  const reading =
    known ?? ClusterLog.read(new WalArchive(store, request.source), wal.systemIdentifier, wal.segmentBytes, signal);
  logs.set(wal.systemIdentifier, reading);
  const log = await reading;
  const timeline = request.timeline ?? log.timelines.at(-1) ?? wal.timeline;
  const reach = log.reach(wal.timeline, from, stop, timeline);
  if (reach === undefined)
    return `timeline ${wal.timeline}, on which it was taken, does not lead to timeline ${timeline}`;
  if (reach < stop) return `the log that it needs, ${wal.startLsn} to ${wal.stopLsn}, is not archived whole`;
  const { target } = request;
  if (target.kind === 'lsn' && target.lsn > reach) return `from it the archived log reaches ${formatLsn(reach)}`;
  if (target.kind === 'latest' && log.goesOnAfter(reach, timeline)) {
    return `the log has a gap at ${formatLsn(reach)}; to restore to before it, say so with --to-lsn or --to-time`;
  }
  return { point, log, timeline, reach };
}

/** What it is built on must be there as it was then; nothing when it is. */
async function brokenLink({ manifest }: BaseBackupPoint, store: MomentContext['store']): Promise<string | undefined> {
  try {
    const bad = (await readLinks(store, manifest)).find(({ verification }) => verification === 'failed');
    return bad && `the verification of ${bad.manifest.point}, which it is built on, failed`;
  } catch (thrown) {
    const error = toBackupError(thrown);
    if (error.code !== 'object-damaged') return `what it is built on: ${problemOf(error)}`;
    return [error.message, error.detail].join(': ');
  }
}

function endsTooLate(target: MomentTarget, stop: bigint, endedAt: string): string | undefined {
  if (target.kind === 'time' && Date.parse(endedAt) > target.at.getTime())
    return `it ended at ${endedAt}, after the moment`;
  if (target.kind === 'lsn' && stop > target.lsn) return `it ended at ${formatLsn(stop)}, after the moment`;
  return undefined;
}
