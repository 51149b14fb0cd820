import type { FilesManifest, FilesVolume } from '../../../model';
import type { FilesResult, RestoredVolume, RestoreFilesReport } from '../../components/files/types';
import { formatBytes, formatDuration, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { Answer } from '../answer';
import { outcomeColour } from './outcome-colour';

/** `--json` of `backup files`. */
export interface FilesDocument {
  readonly format: 'postgres-backup/backup/1';
  /** `passed`: stored and confirmed by the store. `skipped`: another run makes the recovery point of this time. */
  readonly outcome: 'passed' | 'skipped';
  readonly source: string;
  readonly component: 'files';
  /** Why it was skipped. */
  readonly reason?: string;
  readonly point?: string;
  readonly class?: string;
  readonly uri?: string;
  readonly durationMs?: number;
  readonly totals?: FilesManifest['totals'];
  readonly volumes?: readonly Pick<FilesVolume, 'name' | 'kind' | 'counts'>[];
  readonly dependsOn?: readonly string[];
  readonly warnings?: readonly string[];
}

/** `--json` of `restore files`. */
export interface RestoredFilesDocument extends RestoreFilesReport {
  readonly format: 'postgres-backup/restore-files/1';
}

/** Differences that are shown; `--json` has more. */
const MOST_DIFFERENCES = 20;

export function filesAnswer(source: string, result: FilesResult): Answer {
  const head = { format: 'postgres-backup/backup/1', source, component: 'files' } as const;
  if (result.outcome === 'skipped') {
    const summary = `skipped: ${printable(result.reason)}`;
    const document: FilesDocument = { ...head, outcome: 'skipped', reason: result.reason };
    return { outcome: 'skipped', summary, lines: (style) => [style.unsure(summary)], document };
  }
  const { manifest, uri, durationMs } = result;
  const { point, totals, volumes, dependsOn, warnings } = manifest;
  const facts = [
    formatNumberOf(totals.items, 'entry'),
    `${formatBytes(totals.storedBytes)} stored`,
    formatDuration(durationMs),
  ].join(' · ');
  const document: FilesDocument = {
    ...head,
    outcome: 'passed',
    point,
    class: manifest.class,
    uri,
    durationMs: Math.round(durationMs),
    totals,
    volumes: volumes.map(({ name, kind, counts }) => ({ name, kind, counts })),
    dependsOn,
    warnings,
  };
  return {
    outcome: 'passed',
    summary: `backed up: ${point} · ${facts}`,
    lines: (style) => [
      `${style.good('backed up:')} ${point} · ${facts}`,
      ...volumes.map(volumeLine),
      `  ${style.faint(printable(uri))}`,
    ],
    document,
  };
}

function volumeLine({ name, kind, counts }: FilesVolume): string {
  const facts = [
    kind,
    `${formatNumberOf(counts.files + counts.hardLinks, 'file')} of ${formatBytes(counts.contentBytes)}`,
    `${formatNumberOf(counts.stored, 'entry')} new or changed`,
    ...(counts.deleted > 0 ? [`${formatNumberOf(counts.deleted, 'entry')} deleted`] : []),
  ];
  return `  ${printable(name)}: ${facts.join(', ')}`;
}

export function restoredFilesAnswer(report: RestoreFilesReport): Answer {
  const { outcome, point, volumes, durationMs, warnings } = report;
  const head = { passed: 'restored:', failed: 'failed:', 'could not verify': 'could not verify:' }[outcome];
  const entries = volumes.reduce((sum, one) => sum + one.entries, 0);
  const differing = volumes.reduce((sum, one) => sum + one.differing, 0);
  const compared =
    differing === 0 ? 'as in the backup' : `compared, ${formatNumberOf(differing, 'difference')} from the backup`;
  const sentence = `${point} · ${formatNumberOf(entries, 'entry')} ${compared} · ${formatDuration(durationMs)}`;
  const document: RestoredFilesDocument = {
    format: 'postgres-backup/restore-files/1',
    ...report,
    durationMs: Math.round(durationMs),
  };
  return {
    outcome,
    summary: `${head} ${sentence}`,
    lines: (style) => [
      ...warnings.map((warning) => `  ${style.unsure('?')} ${printable(warning)}`),
      ...volumes.flatMap((volume) => differenceLines(volume, style)),
      `${outcomeColour(outcome, style)(head)} ${sentence}`,
      ...volumes.map(({ directory }) => `  ${style.faint(printable(directory))}`),
    ],
    document,
  };
}

function differenceLines({ name, differences, differing }: RestoredVolume, style: Style): string[] {
  const lines = differences
    .slice(0, MOST_DIFFERENCES)
    .map((difference) => `  ${style.bad('✗')} ${printable(`${name}: ${difference}`)}`);
  const left = differing - lines.length;
  return left > 0 ? [...lines, `  and ${formatNumberOf(left, 'more difference')}`] : lines;
}
