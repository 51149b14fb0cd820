/** What every `restore …` says in the end, of whatever was restored: how it went, what it was, how long it took. */
import type { Outcome } from '../../../model';
import { formatDuration } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { Answer } from '../answer';
import { outcomeColour } from './outcome-colour';

/** What all reports of a restore have. */
export interface RestoreEnd {
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly warnings?: readonly string[];
}

export interface RestoredFacts {
  /** For the one line to remember; how long it took comes last. */
  readonly facts: readonly string[];
  /** Lines before that line, after the warnings. */
  readonly above?: (style: Style) => readonly string[];
  /** Lines after it. */
  readonly below?: (style: Style) => readonly string[];
  /** Before the facts, where it says more than the outcome. */
  readonly word?: string;
}

const WORDS: Readonly<Record<Outcome, string>> = {
  passed: 'restored:',
  failed: 'failed:',
  'could not verify': 'could not verify:',
};

/** @param format of `--json`, which prints the report */
export function restoredAnswer<Report extends RestoreEnd>(
  format: string,
  report: Report,
  { facts, above, below, word = WORDS[report.outcome] }: RestoredFacts,
): Answer {
  const { outcome, durationMs, warnings = [] } = report;
  const sentence = [...facts, formatDuration(durationMs)].join(' · ');
  return {
    outcome,
    summary: `${word} ${sentence}`,
    lines: (style) => [
      ...warnings.map((warning) => `  ${style.unsure('?')} ${printable(warning)}`),
      ...(above?.(style) ?? []),
      `${outcomeColour(outcome, style)(word)} ${sentence}`,
      ...(below?.(style) ?? []),
    ],
    document: { format, ...report, durationMs: Math.round(durationMs) },
  };
}
