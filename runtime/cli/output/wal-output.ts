import { formatLsn, NO_POINT_AGE_SECONDS, type ClusterAudit, type LsnRange, type WalFinding } from '../../../model';
import { formatDuration, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { WalAudit } from '../../wal/audit';
import type { Answer } from '../answer';

/** `--json` of `wal-check`; positions as PostgreSQL writes them. */
export interface WalDocument {
  readonly format: 'postgres-backup/wal/1';
  readonly outcome: Answer['outcome'];
  readonly source: string;
  readonly vault: string;
  readonly at: string;
  /** Of the newest archived segment; `null` when there is none. */
  readonly ageSeconds: number | null;
  readonly clusters: readonly ClusterDocument[];
  readonly findings: readonly WalFinding[];
}

interface ClusterDocument {
  readonly systemIdentifier: string;
  readonly newestStoredAt: string | null;
  readonly timelines: readonly { readonly timeline: number; readonly ranges: readonly RangeDocument[] }[];
  readonly windows: readonly (RangeDocument & { readonly point: string; readonly timeline: number })[];
}

interface RangeDocument {
  readonly from: string;
  readonly to: string;
}

/** @param newestSeconds age that the newest segment may have; nothing when nobody said so. */
export function walAnswer(audit: WalAudit, newestSeconds: number | undefined): Answer {
  const late = newestSeconds !== undefined && audit.ageSeconds > newestSeconds;
  const outcome = audit.outcome === 'passed' && late ? 'objective missed' : audit.outcome;
  const verdict = [
    audit.findings.length > 0 ? formatNumberOf(audit.findings.length, 'finding') : 'no gap',
    ...(late ? [`the newest segment is older than ${formatDuration(newestSeconds * 1000)}`] : []),
  ].join(', ');
  const summary = `${audit.source}: ${ageText(audit)} · ${verdict}`;
  const document: WalDocument = {
    format: 'postgres-backup/wal/1',
    outcome,
    source: audit.source,
    vault: audit.vault,
    at: audit.at.toISOString(),
    ageSeconds: audit.ageSeconds === NO_POINT_AGE_SECONDS ? null : Math.round(audit.ageSeconds),
    clusters: audit.clusters.map(clusterDocument),
    findings: audit.findings,
  };
  return { outcome, summary, lines: (style) => lines(audit, summary, style), document };
}

function lines(audit: WalAudit, summary: string, style: Style): string[] {
  return [
    ...audit.clusters.flatMap((cluster) => clusterLines(cluster)),
    ...audit.findings.map(({ outcome, finding }) => {
      const mark = outcome === 'failed' ? style.bad('✗') : style.unsure('?');
      return `  ${mark} ${printable(finding)}`;
    }),
    summary,
  ];
}

function clusterLines({ systemIdentifier, timelines, windows }: ClusterAudit): string[] {
  return [
    `cluster ${systemIdentifier}`,
    ...timelines.flatMap(({ timeline, ranges }) =>
      ranges.map((range) => `  timeline ${timeline}   ${rangeText(range)}`),
    ),
    ...windows.map(
      (window) =>
        `  from base backup ${window.point} every moment of ${rangeText(window)} on timeline ${window.timeline}`,
    ),
  ];
}

function ageText({ ageSeconds }: WalAudit): string {
  return ageSeconds === NO_POINT_AGE_SECONDS
    ? 'nothing is archived'
    : `newest segment archived ${formatDuration(ageSeconds * 1000)} ago`;
}

function rangeText(range: LsnRange): string {
  const { from, to } = rangeDocument(range);
  return `${from} to ${to}`;
}

function rangeDocument({ from, to }: LsnRange): RangeDocument {
  return { from: formatLsn(from), to: formatLsn(to) };
}

function clusterDocument({ systemIdentifier, newestStoredAt, timelines, windows }: ClusterAudit): ClusterDocument {
  return {
    systemIdentifier,
    newestStoredAt: newestStoredAt?.toISOString() ?? null,
    timelines: timelines.map(({ timeline, ranges }) => ({ timeline, ranges: ranges.map(rangeDocument) })),
    windows: windows.map(({ point, timeline, ...range }) => ({ point, timeline, ...rangeDocument(range) })),
  };
}
