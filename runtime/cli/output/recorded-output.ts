import type { Verification } from '../../../model';
import { formatDuration, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Answer } from '../answer';
import { outcomeColour } from './outcome-colour';

const HEAD_WORDS = { passed: 'verified:', failed: 'failed:', 'could not verify': 'could not verify:' } as const;

/** The answer of `verify --record`; `--json` prints the record as it is stored. */
export function recordedAnswer(verification: Verification): Answer {
  const { outcome, point, objects, depth, durationMs, findings, acceptedSize } = verification;
  const head = HEAD_WORDS[outcome];
  const sentence = [
    point,
    `${formatNumberOf(objects, 'object')} ${depth === 'read' ? 'read' : 'by the store’s own checksums'}`,
    'recorded',
    ...(acceptedSize?.point === point ? [`its size was accepted by ${printable(acceptedSize.by)}`] : []),
    formatDuration(durationMs),
  ].join(' · ');
  return {
    outcome,
    summary: `${head} ${sentence}`,
    lines: (style) => [
      ...findings.map(({ subject, outcome: found, finding }) => {
        const mark = found === 'failed' ? style.bad('✗') : style.unsure('?');
        return `  ${mark} ${printable(subject)}: ${printable(finding)}`;
      }),
      `${outcomeColour(outcome, style)(head)} ${sentence}`,
    ],
    document: verification,
  };
}
