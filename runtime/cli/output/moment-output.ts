import { formatDuration } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { MomentReport } from '../../recovery/types';
import type { Answer } from '../answer';
import { outcomeColour } from './outcome-colour';

/** `--json` of `restore --to-time` and its kin. */
export interface MomentDocument extends MomentReport {
  readonly format: 'postgres-backup/restore-moment/1';
}

export function momentAnswer(report: MomentReport): Answer {
  const { outcome, point, target, timeline, dataDirectory, end, reached, canary, durationMs } = report;
  const head = { passed: 'restored:', failed: 'failed:', 'could not verify': 'could not verify:' }[outcome];
  const sentence = `to ${printable(target)} from ${point} · ${end} · ${formatDuration(durationMs)}`;
  const document: MomentDocument = {
    format: 'postgres-backup/restore-moment/1',
    ...report,
    durationMs: Math.round(durationMs),
  };
  return {
    outcome,
    summary: `${head} ${sentence}`,
    lines: (style) => [
      ...report.warnings.map((warning) => `  ${style.unsure('?')} ${printable(warning)}`),
      ...(reached
        ? [
            `  reached ${reached.lsn} on timeline ${timeline}, last transaction ${reached.lastTransactionAt ?? 'unknown'}`,
          ]
        : []),
      `  ${outcomeColour(outcome, style)(outcome === 'passed' ? '✓' : '✗')} ${printable(canary.finding)}`,
      `${outcomeColour(outcome, style)(head)} ${sentence}`,
      `  ${style.faint(`it is not running; start it: pg_ctl start -D ${printable(dataDirectory)}`)}`,
    ],
    document,
  };
}
