import type { BaseBackupManifest } from '../../../model';
import type { BaseBackupResult } from '../../components/base-backup/types';
import { formatBytes, formatNumberOf } from '../../observe/format';
import type { Answer } from '../answer';
import { backupAnswer } from './backup-output';

/** What `--json` of `backup base-backup` has besides what all components share. */
export interface BaseBackupDetails {
  readonly totals: BaseBackupManifest['totals'];
  readonly contentBytes: number;
  /** What it holds the changes since, the full one first; empty in a full one. */
  readonly dependsOn: readonly string[];
  readonly wal: BaseBackupManifest['wal'];
  /** From here on every moment can be restored that the archive reaches. */
  readonly endedAt: string;
  readonly warnings: readonly string[];
}

export function baseBackupAnswer(source: string, result: BaseBackupResult): Answer {
  return backupAnswer({ source, component: 'base-backup' }, result, ({ manifest }) => {
    const { totals, contentBytes, dependsOn, wal, endedAt, warnings } = manifest;
    return {
      facts: [
        ...(dependsOn.length > 0 ? [`what changed since ${dependsOn[dependsOn.length - 1]}`] : []),
        `${formatNumberOf(totals.items, 'file')} of ${formatBytes(contentBytes)}`,
        `${formatBytes(totals.storedBytes)} stored`,
      ],
      below: [`  every moment from ${endedAt} on, log ${wal.stopLsn}, as far as the WAL archive reaches`],
      details: { totals, contentBytes, dependsOn, wal, endedAt, warnings } satisfies BaseBackupDetails,
    };
  });
}
