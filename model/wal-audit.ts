/**
 * The audit of the WAL archive: what of the log is there without a gap, what can be reached from it, and what is wrong with it.
 * A pure function of what lies there, so that every case can be tested without a server.
 */
import type { Outcome } from './outcome';
import { segmentStart } from './wal';
import { CoveredLog, type TimelineLog } from './wal-coverage';
import { formatLsn, parseLsn, type LsnRange } from './wal-lsn';
import type { BaseBackupNeed } from './wal-need';
import type { StoredPartial } from './wal-partial';
import type { TimelineOrigin } from './wal-timeline';

/** One archived segment. */
export interface AuditedSegment {
  readonly name: string;
  readonly timeline: number;
  readonly storedAt: Date;
}

/** What lies in the archive of one cluster. */
export interface AuditedCluster {
  readonly systemIdentifier: string;
  readonly segmentBytes: number;
  /** Of each timeline in order of the log. */
  readonly segments: readonly AuditedSegment[];
  /** What there is of segments that are not archived whole. */
  readonly partials?: readonly StoredPartial[];
  /** Of each timeline but the first; one whose history is not there or cannot be read is not among them. */
  readonly histories: ReadonlyMap<number, readonly TimelineOrigin[]>;
  /** Names of files that were pushed with other content than is archived. */
  readonly conflicts: readonly string[];
  /** Of the base backups that are kept. */
  readonly needs: readonly BaseBackupNeed[];
}

export interface WalFinding {
  readonly outcome: Exclude<Outcome, 'passed'>;
  /** `gap`, `conflict`, …: for machines. */
  readonly kind: WalFindingKind;
  readonly finding: string;
}

export type WalFindingKind = 'gap' | 'conflict' | 'split' | 'history' | 'base-backup' | 'cluster';

/** From a base backup, every moment between two positions of the log can be reached. */
export interface WalWindow extends LsnRange {
  readonly point: string;
  /** The timeline that ends there. */
  readonly timeline: number;
}

export interface ClusterAudit {
  readonly systemIdentifier: string;
  readonly timelines: readonly TimelineLog[];
  readonly windows: readonly WalWindow[];
  readonly findings: readonly WalFinding[];
  readonly firstStoredAt?: Date;
  /** When the store received the newest segment, or the newest part of one, by its own clock. */
  readonly newestStoredAt?: Date;
}

export function auditCluster(cluster: AuditedCluster): ClusterAudit {
  const log = new CoveredLog(cluster.segmentBytes, cluster.segments, cluster.histories, cluster.partials);
  const reached = cluster.needs.map((need) => reach(need, log));
  const stored = [...cluster.segments, ...(cluster.partials ?? [])].map(({ storedAt }) => storedAt.getTime());
  return {
    systemIdentifier: cluster.systemIdentifier,
    timelines: log.timelines,
    windows: reached.flatMap(({ windows }) => windows),
    findings: [
      ...cluster.conflicts.map(conflictFinding),
      ...missingHistories(cluster, log),
      ...gaps(cluster, log),
      ...splits(cluster),
      ...reached.flatMap(({ findings }) => findings),
    ],
    ...(stored.length > 0 && {
      firstStoredAt: new Date(stored.reduce((a, b) => Math.min(a, b))),
      newestStoredAt: new Date(stored.reduce((a, b) => Math.max(a, b))),
    }),
  };
}

function conflictFinding(name: string): WalFinding {
  return failed(
    'conflict',
    `${name} was pushed with other content than is archived: two servers push into one archive`,
  );
}

function missingHistories({ histories }: AuditedCluster, log: CoveredLog): WalFinding[] {
  return log.timelines.flatMap(({ timeline }) =>
    timeline === 1 || histories.has(timeline)
      ? []
      : [failed('history', `the history of timeline ${timeline} is not archived, or cannot be read`)],
  );
}

/** What lies before all that a kept base backup needs is on its way out: it may go in any order. */
function gaps({ needs }: AuditedCluster, log: CoveredLog): WalFinding[] {
  const starts = needs.flatMap(({ startLsn }) => parseLsn(startLsn) ?? []);
  const needed = starts.length > 0 ? starts.reduce((a, b) => (a < b ? a : b)) : 0n;
  return log
    .gaps()
    .filter(({ to }) => to > needed)
    .map(({ timeline, from, to }) =>
      failed('gap', `timeline ${timeline} has a gap from ${formatLsn(from)} to ${formatLsn(to)}`),
    );
}

/** A timeline that was left and still receives segments: the server that was to be replaced is running. */
function splits({ segments, histories, segmentBytes }: AuditedCluster): WalFinding[] {
  const firstOf = new Map<number, Date>();
  for (const { timeline, storedAt } of segments) {
    const first = firstOf.get(timeline);
    if (!first || storedAt < first) firstOf.set(timeline, storedAt);
  }
  const found: WalFinding[] = [];
  for (const [newer, begunAt] of firstOf) {
    const left = new Map((histories.get(newer) ?? []).map(({ timeline, switchedAt }) => [timeline, switchedAt]));
    for (const older of firstOf.keys()) {
      if (older >= newer) continue;
      // A branch that the newer one does not come from is left as a whole.
      const from = left.get(older) ?? 0n;
      const late = segments.find(
        ({ timeline, storedAt, name }) =>
          timeline === older && storedAt > begunAt && (segmentStart(name, segmentBytes) ?? 0n) > from,
      );
      if (late) {
        found.push(
          failed('split', `timeline ${older} goes on after timeline ${newer} began: ${late.name} was archived later`),
        );
      }
    }
  }
  return found;
}

function reach(need: BaseBackupNeed, log: CoveredLog): { windows: WalWindow[]; findings: WalFinding[] } {
  const [from, stop] = [parseLsn(need.startLsn), parseLsn(need.stopLsn)];
  if (from === undefined || stop === undefined) {
    return { windows: [], findings: [unclear(need)] };
  }
  const windows = log.endsFrom(need.timeline, from, stop).map((end) => ({ ...end, point: need.point, from: stop }));
  const whole = windows.filter(({ to }) => to >= stop);
  if (whole.length > 0) return { windows: whole, findings: [] };
  const missing = `the log that base backup ${need.point} needs, ${need.startLsn} to ${need.stopLsn}, is not archived whole`;
  return { windows: [], findings: [failed('base-backup', missing)] };
}

function unclear({ point }: BaseBackupNeed): WalFinding {
  const finding = `base backup ${point} does not say which part of the log it needs`;
  return { outcome: 'could not verify', kind: 'base-backup', finding };
}

function failed(kind: WalFindingKind, finding: string): WalFinding {
  return { outcome: 'failed', kind, finding };
}
