import type { DumpContent, DumpManifest } from '../../../model';
import type { DumpResult } from '../../components/dump/types';
import { formatBytes, formatNumberOf } from '../../observe/format';
import type { Answer } from '../answer';
import { backupAnswer } from './backup-output';

/** What `--json` of `backup dump` has besides what all components share. */
export interface DumpDetails {
  readonly totals: DumpManifest['totals'];
  readonly databases: readonly { readonly name: string; readonly content: DumpContent; readonly tables: number }[];
  readonly warnings: readonly string[];
}

export function dumpAnswer(source: string, result: DumpResult): Answer {
  return backupAnswer({ source, component: 'dump' }, result, ({ manifest: { databases, totals, warnings } }) => ({
    facts: [
      `${formatNumberOf(databases.length, 'database')}, ${formatNumberOf(totals.tables, 'table')}, ${formatNumberOf(totals.rows, 'row')}`,
      `${formatBytes(totals.storedBytes)} stored`,
    ],
    details: {
      totals,
      databases: databases.map(({ name, content, tables }) => ({ name, content, tables: tables.length })),
      warnings,
    } satisfies DumpDetails,
  }));
}
