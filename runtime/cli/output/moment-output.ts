import { printable } from '../../observe/printable';
import type { MomentReport } from '../../recovery/types';
import type { Answer } from '../answer';
import { outcomeColour } from './outcome-colour';
import { restoredAnswer } from './restored-answer';

/** `restore --to-time` and its kin. */
export function momentAnswer(report: MomentReport): Answer {
  const { outcome, point, target, timeline, dataDirectory, end, reached, canary } = report;
  return restoredAnswer('postgres-backup/restore-moment/1', report, {
    facts: [`to ${printable(target)} from ${point}`, end],
    above: (style) => [
      ...(reached
        ? [
            `  reached ${reached.lsn} on timeline ${timeline}, last transaction ${reached.lastTransactionAt ?? 'unknown'}`,
          ]
        : []),
      `  ${outcomeColour(outcome, style)(outcome === 'passed' ? '✓' : '✗')} ${printable(canary.finding)}`,
    ],
    below: (style) => [`  ${style.faint(`it is not running; start it: pg_ctl start -D ${printable(dataDirectory)}`)}`],
  });
}
