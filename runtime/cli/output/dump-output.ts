import type { DumpContent, DumpManifest } from '../../../model';
import type { DumpResult } from '../../components/dump/types';
import { formatBytes, formatDuration, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Answer } from '../answer';

/** `--json` of `backup dump`. */
export interface DumpDocument {
  readonly format: 'postgres-backup/backup/1';
  /** `passed`: stored and confirmed by the store. `skipped`: another run makes the recovery point of this time. */
  readonly outcome: 'passed' | 'skipped';
  readonly source: string;
  readonly component: 'dump';
  /** Why it was skipped. */
  readonly reason?: string;
  /** The recovery point's id. */
  readonly point?: string;
  readonly class?: string;
  readonly uri?: string;
  readonly durationMs?: number;
  readonly totals?: DumpManifest['totals'];
  readonly databases?: readonly { readonly name: string; readonly content: DumpContent; readonly tables: number }[];
  readonly warnings?: readonly string[];
}

export function dumpAnswer(source: string, result: DumpResult): Answer {
  return result.outcome === 'skipped' ? skippedAnswer(source, result.reason) : madeAnswer(source, result);
}

function skippedAnswer(source: string, reason: string): Answer {
  const summary = `skipped: ${printable(reason)}`;
  const document: DumpDocument = {
    format: 'postgres-backup/backup/1',
    outcome: 'skipped',
    source,
    component: 'dump',
    reason,
  };
  return { outcome: 'skipped', summary, lines: (style) => [style.unsure(summary)], document };
}

function madeAnswer(source: string, result: Extract<DumpResult, { outcome: 'made' }>): Answer {
  const { manifest, uri, durationMs } = result;
  const { totals } = manifest;
  const facts = [
    `${formatNumberOf(manifest.databases.length, 'database')}, ${formatNumberOf(totals.tables, 'table')}, ${formatNumberOf(totals.rows, 'row')}`,
    `${formatBytes(totals.storedBytes)} stored`,
    formatDuration(durationMs),
  ].join(' · ');
  const document: DumpDocument = {
    format: 'postgres-backup/backup/1',
    outcome: 'passed',
    source,
    component: 'dump',
    point: manifest.point,
    class: manifest.class,
    uri,
    durationMs: Math.round(durationMs),
    totals,
    databases: manifest.databases.map(({ name, content, tables }) => ({ name, content, tables: tables.length })),
    warnings: manifest.warnings,
  };
  return {
    outcome: 'passed',
    summary: `backed up: ${manifest.point} · ${facts}`,
    lines: (style) => [`${style.good('backed up:')} ${manifest.point} · ${facts}`, `  ${style.faint(printable(uri))}`],
    document,
  };
}
