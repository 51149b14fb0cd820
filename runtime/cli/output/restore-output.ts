import type { Outcome } from '../../../model';
import type { DumpPoint } from '../../catalog/recovery-point';
import type { ComparedTable, RestoreReport } from '../../components/dump/types';
import { formatAge, formatBytes, formatCount, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { Answer } from '../answer';
import { restoredAnswer } from './restored-answer';

/** `--json` of `restore`. */
export interface RestoreDocument extends RestoreReport {
  readonly format: typeof FORMAT;
}

const FORMAT = 'postgres-backup/restore/1';

/** Differing tables that are shown; `--json` has all of them. */
const MOST_DIFFERENCES = 20;

/** What is about to be restored, in one line. */
export function restoreHeadline({ manifest, verification }: DumpPoint, now: Date): string {
  return [
    `${manifest.source} ${manifest.point}`,
    `taken ${formatAge(new Date(manifest.startedAt), now)} from PostgreSQL ${manifest.server.version}`,
    formatBytes(manifest.totals.storedBytes),
    ...(verification ? [VERIFICATION_WORDS[verification]] : []),
  ].join(' · ');
}

const VERIFICATION_WORDS: Readonly<Record<NonNullable<DumpPoint['verification']>, string>> = {
  passed: 'verified',
  failed: 'verification failed',
  'could not verify': 'could not be verified',
  'not verified': 'not verified',
};

export function restoreAnswer(made: RestoreReport): Answer {
  const phases = made.phases.map((phase) => ({ ...phase, durationMs: Math.round(phase.durationMs) }));
  const report = { ...made, outcome: outcomeByTables(made), phases };
  return restoredAnswer(FORMAT, report, {
    facts: [comparedFact(report)],
    above: (style) => differenceLines(report.tables, style),
  });
}

/** A report that calls itself good counts as good only as far as its own tables say so. */
function outcomeByTables({ outcome, tables }: RestoreReport): Outcome {
  if (outcome !== 'passed') return outcome;
  const differing = tables.filter((table) => table.foundRows !== table.expectedRows);
  if (differing.some((table) => table.foundRows !== null)) return 'failed';
  return differing.length > 0 ? 'could not verify' : 'passed';
}

function comparedFact({ tables }: RestoreReport): string {
  if (tables.length === 0) return 'no rows to compare';
  const equal = tables.filter((table) => table.foundRows === table.expectedRows).length;
  return `${formatCount(equal)} of ${formatNumberOf(tables.length, 'table')} as in the backup`;
}

function differenceLines(tables: readonly ComparedTable[], style: Style): string[] {
  const differing = tables.filter((table) => table.foundRows !== table.expectedRows);
  const lines = differing.slice(0, MOST_DIFFERENCES).map((table) => {
    const found = table.foundRows === null ? 'could not be counted' : `found ${formatCount(table.foundRows)}`;
    const colour = table.foundRows === null ? style.unsure : style.bad;
    return `  ${colour('✗')} ${printable(`${table.schema}.${table.name}`)}: ${formatNumberOf(table.expectedRows, 'row')} in the backup, ${found}`;
  });
  const left = differing.length - lines.length;
  return left > 0 ? [...lines, `  and ${formatNumberOf(left, 'more table')}; --json lists them all`] : lines;
}
