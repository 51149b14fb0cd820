/** Audits the WAL archive of a source: by listings, one look at a segment of each cluster, and the histories. */
import {
  auditCluster,
  NO_POINT_AGE_SECONDS,
  walConflictsPrefix,
  type AuditedSegment,
  type BaseBackupNeed,
  type ClusterAudit,
  type Outcome,
  type TimelineOrigin,
  type WalFinding,
} from '../../model';
import { toBackupError } from '../errors';
import type { ObjectStore } from '../store/store';
import { WalArchive } from './archive';
import { readBaseBackupNeeds } from './base-backup-needs';

export interface WalAudit {
  readonly outcome: Outcome;
  readonly source: string;
  readonly vault: string;
  readonly at: Date;
  /** The one that archived last comes first. */
  readonly clusters: readonly ClusterAudit[];
  /** Of all clusters. */
  readonly findings: readonly WalFinding[];
  /** Since the store received the newest segment; {@link NO_POINT_AGE_SECONDS} when there is none. What a disaster now would lose. */
  readonly ageSeconds: number;
}

export interface AuditContext {
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** A push that was refused is told so long: nobody can delete its record before the vault's lock ends. */
const CONFLICTS_TOLD_SECONDS = 7 * 86_400;

/** Throws when it cannot be found out what there is. */
export async function auditWal(store: ObjectStore, source: string, context: AuditContext): Promise<WalAudit> {
  const archive = new WalArchive(store, source);
  const needs = await readBaseBackupNeeds(store, source);
  const clusters: ClusterAudit[] = [];
  for (const systemIdentifier of await archive.systems()) {
    const found = await auditOne(archive, systemIdentifier, needs, context);
    if (found) clusters.push(found);
  }
  clusters.sort((a, b) => newest(b) - newest(a));
  const at = context.now();
  const findings = [
    ...clusters.flatMap((cluster) => cluster.findings),
    ...nothingThere(clusters, source),
    ...together(clusters),
    ...needs
      .filter(({ systemIdentifier }) => !clusters.some((one) => one.systemIdentifier === systemIdentifier))
      .map(orphan),
  ];
  return {
    outcome: worstOf(findings),
    source,
    vault: store.uri,
    at,
    clusters,
    findings,
    ageSeconds: clusters.length > 0 ? Math.max(0, (at.getTime() - newest(clusters[0])) / 1000) : NO_POINT_AGE_SECONDS,
  };
}

async function auditOne(
  archive: WalArchive,
  systemIdentifier: string,
  needs: readonly BaseBackupNeed[],
  context: AuditContext,
): Promise<ClusterAudit | undefined> {
  const segmentBytes = await archive.segmentBytes(systemIdentifier);
  if (segmentBytes === undefined) return undefined;
  const segments: AuditedSegment[] = [];
  const histories = new Set<number>();
  for await (const { file, storedAt } of archive.files(systemIdentifier)) {
    context.signal.throwIfAborted();
    if (file.kind === 'history') histories.add(file.timeline);
    if (file.kind !== 'segment') continue;
    segments.push({ name: file.name, timeline: file.timeline, storedAt });
  }
  return auditCluster({
    systemIdentifier,
    segmentBytes,
    segments,
    partials: await archive.partials(systemIdentifier),
    histories: await readHistories(archive, systemIdentifier, histories, context.signal),
    conflicts: await readConflicts(archive, systemIdentifier, context.now()),
    needs: needs.filter((need) => need.systemIdentifier === systemIdentifier),
  });
}

/** Those that can be read: what is missing is a finding. */
async function readHistories(
  archive: WalArchive,
  systemIdentifier: string,
  timelines: ReadonlySet<number>,
  signal: AbortSignal,
): Promise<Map<number, readonly TimelineOrigin[]>> {
  const histories = new Map<number, readonly TimelineOrigin[]>();
  for (const timeline of timelines) {
    try {
      histories.set(timeline, await archive.history(systemIdentifier, timeline, signal));
    } catch (thrown) {
      if (toBackupError(thrown).code !== 'wal-damaged') throw thrown;
    }
  }
  return histories;
}

async function readConflicts({ store, source }: WalArchive, systemIdentifier: string, now: Date): Promise<string[]> {
  const prefix = walConflictsPrefix(source, systemIdentifier);
  const names = new Set<string>();
  for await (const entry of store.list(prefix)) {
    if (entry.kind !== 'object') continue;
    const ageSeconds = (now.getTime() - entry.lastModified.getTime()) / 1000;
    if (ageSeconds < CONFLICTS_TOLD_SECONDS)
      names.add(entry.key.slice(prefix.length).replace(/-[0-9a-f]{64}\.json$/, ''));
  }
  return [...names];
}

function nothingThere(clusters: readonly ClusterAudit[], source: string): WalFinding[] {
  if (clusters.length > 0) return [];
  return [{ outcome: 'failed', kind: 'cluster', finding: `no segment of "${source}" is archived` }];
}

/** A cluster that replaced another begins when that one has ended. Two that take turns share an archive. */
function together(clusters: readonly ClusterAudit[]): WalFinding[] {
  return clusters.slice(1).flatMap((older, index): WalFinding[] => {
    const newer = clusters[index];
    if (!(newest(older) > (newer.firstStoredAt?.getTime() ?? 0))) return [];
    const both = `${newer.systemIdentifier} and ${older.systemIdentifier}`;
    return [{ outcome: 'failed', kind: 'cluster', finding: `two clusters archive under one source: ${both}` }];
  });
}

function orphan({ point, systemIdentifier }: BaseBackupNeed): WalFinding {
  if (systemIdentifier === '') {
    const finding = `base backup ${point} does not say which part of the log it needs`;
    return { outcome: 'could not verify', kind: 'base-backup', finding };
  }
  const finding = `base backup ${point} is of cluster ${systemIdentifier}, of which nothing is archived`;
  return { outcome: 'failed', kind: 'base-backup', finding };
}

function worstOf(findings: readonly WalFinding[]): Outcome {
  if (findings.some(({ outcome }) => outcome === 'failed')) return 'failed';
  return findings.length > 0 ? 'could not verify' : 'passed';
}

function newest({ newestStoredAt }: ClusterAudit): number {
  return newestStoredAt?.getTime() ?? 0;
}
