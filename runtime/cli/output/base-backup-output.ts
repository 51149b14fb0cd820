import type { BaseBackupManifest } from '../../../model';
import type { BaseBackupResult } from '../../components/base-backup/types';
import { formatBytes, formatDuration, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Answer } from '../answer';

/** `--json` of `backup base-backup`. */
export interface BaseBackupDocument {
  readonly format: 'postgres-backup/backup/1';
  /** `passed`: stored, with its log in the archive. `skipped`: another run makes the recovery point of this time. */
  readonly outcome: 'passed' | 'skipped';
  readonly source: string;
  readonly component: 'base-backup';
  /** Why it was skipped. */
  readonly reason?: string;
  readonly point?: string;
  readonly class?: string;
  readonly uri?: string;
  readonly durationMs?: number;
  readonly totals?: BaseBackupManifest['totals'];
  readonly contentBytes?: number;
  readonly wal?: BaseBackupManifest['wal'];
  /** From here on every moment can be restored that the archive reaches. */
  readonly endedAt?: string;
  readonly warnings?: readonly string[];
}

export function baseBackupAnswer(source: string, result: BaseBackupResult): Answer {
  const head = { format: 'postgres-backup/backup/1', source, component: 'base-backup' } as const;
  if (result.outcome === 'skipped') {
    const summary = `skipped: ${printable(result.reason)}`;
    const document: BaseBackupDocument = { ...head, outcome: 'skipped', reason: result.reason };
    return { outcome: 'skipped', summary, lines: (style) => [style.unsure(summary)], document };
  }
  const { manifest, uri, durationMs } = result;
  const { point, totals, contentBytes, wal, endedAt, warnings } = manifest;
  const facts = [
    `${formatNumberOf(totals.items, 'file')} of ${formatBytes(contentBytes)}`,
    `${formatBytes(totals.storedBytes)} stored`,
    formatDuration(durationMs),
  ].join(' · ');
  const document: BaseBackupDocument = {
    ...head,
    outcome: 'passed',
    point,
    class: manifest.class,
    uri,
    durationMs: Math.round(durationMs),
    totals,
    contentBytes,
    wal,
    endedAt,
    warnings,
  };
  return {
    outcome: 'passed',
    summary: `backed up: ${point} · ${facts}`,
    lines: (style) => [
      `${style.good('backed up:')} ${point} · ${facts}`,
      `  every moment from ${endedAt} on, log ${wal.stopLsn}, as far as the WAL archive reaches`,
      `  ${style.faint(printable(uri))}`,
    ],
    document,
  };
}
