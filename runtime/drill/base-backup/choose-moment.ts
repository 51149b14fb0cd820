/** The moment of a drill: one that was asked for, or one by lot out of all that can be reached. */
import { formatLsn, type ClusterAudit, type LsnRange } from '../../../model';
import { listPoints, readPoint } from '../../catalog/catalog';
import type { BaseBackupPoint } from '../../components/base-backup/types';
import { BackupError } from '../../errors';
import { ClusterLog } from '../../recovery/cluster-log';
import { transactionEnds, type ArchivedLog, type TransactionEnd } from '../../recovery/read-wal';
import { findRecoveryTools } from '../../recovery/recovery-tools';
import type { MomentRequest } from '../../recovery/types';
import { WalArchive } from '../../wal/archive';
import { auditWal } from '../../wal/audit';
import { Lots, seedByTheClock } from '../lots';
import type { DrillWork } from '../work';

export interface ChosenMoment {
  readonly asked: string;
  /** For people. */
  readonly words: string;
  readonly request: Pick<MomentRequest, 'target' | 'base' | 'timeline'>;
}

/** Segments that are looked into for a transaction, on either side of where the lot fell. */
const MOST_SEGMENTS = 32;

export async function chooseMoment(work: DrillWork): Promise<ChosenMoment> {
  const { request, findings, context } = work;
  const { moment = 'random', point } = request;
  const base = point === 'latest' ? undefined : point;
  if (moment === 'latest')
    return { asked: 'latest', words: 'the end of the archive', request: { target: { kind: 'latest' }, base } };
  if (moment !== 'random') {
    const words = moment.toISOString();
    return { asked: words, words, request: { target: { kind: 'time', at: moment }, base } };
  }
  const lots = new Lots(request.seed ?? seedByTheClock(context.now()));
  findings.seed = lots.seed;
  return drawMoment(work, lots, base);
}

/** Any place of the log that can be reached, and there the end of a transaction, by which it shows where a server stands. */
async function drawMoment(
  { request, context }: DrillWork,
  lots: Lots,
  base: string | undefined,
): Promise<ChosenMoment> {
  const { store, signal } = context;
  const { clusters } = await auditWal(store, request.source, context);
  const { cluster, timeline, ranges } = reachable(clusters, base, request.source);
  const place = drawPlace(ranges, lots);
  const { manifest } = await anyBase(work(request.source), cluster.systemIdentifier);
  const archive = new WalArchive(store, request.source);
  const log = await ClusterLog.read(archive, cluster.systemIdentifier, manifest.wal.segmentBytes, signal);
  const { pgWaldump } = await findRecoveryTools(manifest.server.major);
  const archived: ArchivedLog = { archive, systemIdentifier: cluster.systemIdentifier, pgWaldump, signal };
  const found = await drawTransaction(archived, log, { place, timeline, ranges }, lots);
  const lsn = found?.lsn ?? place;
  const words = found
    ? `position ${formatLsn(lsn)}, where transaction ${found.xid} ended at ${found.at} UTC`
    : `position ${formatLsn(lsn)}`;
  return { asked: 'random', words, request: { target: { kind: 'lsn', lsn }, base, timeline } };

  function work(source: string) {
    return { source, store };
  }
}

interface Reachable {
  readonly cluster: ClusterAudit;
  readonly timeline: number;
  /** Apart from each other, in order. */
  readonly ranges: readonly LsnRange[];
}

/** On the newest timeline that any base backup leads to, of the cluster that archived last. */
function reachable(clusters: readonly ClusterAudit[], base: string | undefined, source: string): Reachable {
  for (const cluster of clusters) {
    const windows = cluster.windows.filter(
      ({ point, from, to }) => (base === undefined || point === base) && to > from,
    );
    if (windows.length === 0) continue;
    const timeline = Math.max(...windows.map((window) => window.timeline));
    return { cluster, timeline, ranges: merged(windows.filter((window) => window.timeline === timeline)) };
  }
  throw new BackupError(
    'point-missing',
    `there is no moment of "${source}" that can be restored${base ? ` from ${base}` : ''}`,
    {
      detail: 'No base backup has the log that it needs in the archive.',
      hint: '`postgres-backup wal-check` tells what is missing.',
    },
  );
}

function merged(windows: readonly LsnRange[]): LsnRange[] {
  const ranges: { from: bigint; to: bigint }[] = [];
  for (const { from, to } of [...windows].sort((a, b) => (a.from < b.from ? -1 : 1))) {
    const last = ranges.at(-1);
    if (last && from <= last.to) last.to = to > last.to ? to : last.to;
    else ranges.push({ from, to });
  }
  return ranges;
}

function drawPlace(ranges: readonly LsnRange[], lots: Lots): bigint {
  const total = ranges.reduce((sum, { from, to }) => sum + to - from, 0n);
  let offset = BigInt(Math.floor(lots.next() * Number(total)));
  for (const { from, to } of ranges) {
    if (offset < to - from) return from + offset;
    offset -= to - from;
  }
  return ranges[0].from;
}

/** One of the cluster: by it the version of its programs is known. */
async function anyBase(
  { source, store }: { readonly source: string; readonly store: DrillWork['context']['store'] },
  systemIdentifier: string,
): Promise<BaseBackupPoint> {
  for (const address of await listPoints(store, source, 'base-backup')) {
    const point = (await readPoint(store, address)) as BaseBackupPoint;
    if (point.manifest.wal.systemIdentifier === systemIdentifier) return point;
  }
  throw new BackupError('point-missing', `there is no base backup of the cluster ${systemIdentifier}`);
}

interface Place {
  readonly place: bigint;
  readonly timeline: number;
  readonly ranges: readonly LsnRange[];
}

/** In the segment of the place, else in the nearest one that holds any. */
async function drawTransaction(
  archived: ArchivedLog,
  log: ClusterLog,
  { place, timeline, ranges }: Place,
  lots: Lots,
): Promise<TransactionEnd | undefined> {
  const size = BigInt(log.segmentBytes);
  const start = (place / size) * size;
  for (let distance = 0n; distance <= MOST_SEGMENTS; distance += 1n) {
    for (const at of distance === 0n ? [start] : [start - distance * size, start + distance * size]) {
      const segment = at < 0n ? undefined : log.segmentHolding(at, timeline);
      if (segment === undefined) continue;
      const ends = await transactionEnds(archived, [segment]);
      const within = ends.filter(({ lsn }) => ranges.some(({ from, to }) => lsn >= from && lsn < to));
      if (within.length > 0) return lots.pick(within);
    }
  }
  return undefined;
}
