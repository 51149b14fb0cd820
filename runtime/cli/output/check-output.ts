import type { CheckReport, PreflightFinding } from '../../components/dump/types';
import { formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { Answer } from '../answer';
import { outcomeColour } from './outcome-colour';

/** `--json` of `check`. */
export interface CheckDocument extends CheckReport {
  readonly format: 'postgres-backup/check/1';
}

const MARKS = { passed: 'ok', failed: 'failed', warning: 'warning', 'could not verify': 'unknown' } as const;
const MARK_COLUMNS = Math.max(...Object.values(MARKS).map((mark) => mark.length));

export function checkAnswer(report: CheckReport): Answer {
  const document: CheckDocument = { format: 'postgres-backup/check/1', ...report };
  const summary = `${printable(report.server)}: ${verdict(report)}`;
  return {
    outcome: report.outcome,
    summary,
    lines: (style) => [
      ...report.databases.flatMap(({ name, findings }) => [
        style.strong(`database "${printable(name)}"`),
        ...findingLines(findings, style),
      ]),
      summary,
    ],
    document,
  };
}

function verdict(report: CheckReport): string {
  const findings = report.databases.flatMap((database) => database.findings);
  const count = (outcome: PreflightFinding['outcome']) => findings.filter((found) => found.outcome === outcome).length;
  switch (report.outcome) {
    case 'passed':
      return `ready to be backed up${count('warning') > 0 ? `, with ${formatNumberOf(count('warning'), 'warning')}` : ''}`;
    case 'failed':
      return `cannot be backed up: ${formatNumberOf(count('failed'), 'check')} failed`;
    case 'could not verify':
      return `could not be checked in full: ${formatNumberOf(count('could not verify'), 'check')} could not be run`;
  }
}

function findingLines(findings: readonly PreflightFinding[], style: Style): string[] {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  return findings.flatMap(({ check, outcome, finding, hint }) => [
    `  ${outcomeColour(outcome === 'warning' ? 'could not verify' : outcome, style)(MARKS[outcome].padEnd(MARK_COLUMNS))}  ${check.padEnd(width)}  ${printable(finding)}`,
    ...(hint && outcome !== 'passed' ? [`${' '.repeat(MARK_COLUMNS + 4)}hint: ${printable(hint)}`] : []),
  ]);
}
