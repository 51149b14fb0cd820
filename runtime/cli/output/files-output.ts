import type { FilesManifest, FilesVolume, LackedPart } from '../../../model';
import type { FilesResult, RestoredVolume, RestoreFilesReport } from '../../components/files/types';
import { formatBytes, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { Answer } from '../answer';
import { backupAnswer } from './backup-output';
import { restoredAnswer } from './restored-answer';

/** What `--json` of `backup files` has besides what all components share. */
export interface FilesDetails {
  readonly totals: FilesManifest['totals'];
  readonly volumes: readonly Pick<FilesVolume, 'name' | 'kind' | 'counts'>[];
  readonly dependsOn?: readonly string[];
  /** What the run was not given. */
  readonly lacks: readonly LackedPart[];
  readonly warnings: readonly string[];
}

/** Differences that are shown; `--json` has more. */
const MOST_DIFFERENCES = 20;

export function filesAnswer(source: string, result: FilesResult): Answer {
  return backupAnswer({ source, component: 'files' }, result, ({ manifest }) => {
    const { totals, volumes, dependsOn, warnings } = manifest;
    return {
      facts: [formatNumberOf(totals.items, 'entry'), `${formatBytes(totals.storedBytes)} stored`],
      below: volumes.map(volumeLine),
      details: {
        totals,
        volumes: volumes.map(({ name, kind, counts }) => ({ name, kind, counts })),
        dependsOn,
        lacks: manifest.lacks ?? [],
        warnings,
      } satisfies FilesDetails,
    };
  });
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

/** `restore files`. */
export function restoredFilesAnswer(report: RestoreFilesReport): Answer {
  const { point, volumes } = report;
  const entries = volumes.reduce((sum, one) => sum + one.entries, 0);
  const differing = volumes.reduce((sum, one) => sum + one.differing, 0);
  const compared =
    differing === 0 ? 'as in the backup' : `compared, ${formatNumberOf(differing, 'difference')} from the backup`;
  return restoredAnswer('postgres-backup/restore-files/1', report, {
    facts: [point, `${formatNumberOf(entries, 'entry')} ${compared}`],
    above: (style) => volumes.flatMap((volume) => differenceLines(volume, style)),
    below: (style) => volumes.map(({ directory }) => `  ${style.faint(printable(directory))}`),
  });
}

function differenceLines({ name, differences, differing }: RestoredVolume, style: Style): string[] {
  const lines = differences
    .slice(0, MOST_DIFFERENCES)
    .map((difference) => `  ${style.bad('✗')} ${printable(`${name}: ${difference}`)}`);
  const left = differing - lines.length;
  return left > 0 ? [...lines, `  and ${formatNumberOf(left, 'more difference')}`] : lines;
}
