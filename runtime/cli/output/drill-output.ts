import { comparisonsOf, type Drill, type DrillIssue } from '../../../model';
import type { DrillResult } from '../../drill/drill';
import { formatCount, formatDuration, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Style } from '../../observe/style';
import type { Answer } from '../answer';
import { outcomeColour } from './outcome-colour';

const HEAD_WORDS = { passed: 'drilled:', failed: 'failed:', 'could not verify': 'could not verify:' } as const;

/** Issues that are shown; the record has all. */
const MOST_SHOWN = 20;

/** The answer of `drill`; `--json` prints the record as it is stored. */
export function drillAnswer({ drill, key }: DrillResult): Answer {
  const missed = missedObjective(drill);
  const head = HEAD_WORDS[drill.outcome];
  const sentence = sentenceOf(drill, missed);
  return {
    outcome: drill.outcome === 'passed' && missed !== undefined ? 'objective missed' : drill.outcome,
    summary: `${head} ${sentence}`,
    lines: (style) => [
      ...issueLines(drill.issues, style),
      ...(drill.failure?.hint === undefined ? [] : [`      ${style.faint(printable(drill.failure.hint))}`]),
      ...drill.databases.flatMap(({ leftOut }) => leftOut.map((what) => `  left out: ${printable(what)}`)),
      ...(missed === undefined ? [] : [`  ${style.bad('✗')} ${missed}`]),
      `${outcomeColour(drill.outcome, style)(head)} ${sentence}`,
      ...(drill.insteadOf === undefined
        ? []
        : [`  of an old point: ${printable(drill.insteadOf)} is newer, and this says nothing of it`]),
      key === null ? `  ${style.bad('✗')} not recorded` : `  recorded in ${printable(key)}`,
    ],
    document: drill,
  };
}

function sentenceOf(drill: Drill, missed: string | undefined): string {
  const comparisons = comparisonsOf(drill);
  const passed = comparisons.filter(({ outcome }) => outcome === 'passed').length;
  const checks = drill.checks.filter(({ outcome }) => outcome === 'passed').length;
  return [
    drill.point === null ? 'no recovery point' : drill.point.point,
    ...(drill.moment === undefined ? [] : [`to ${drill.moment.target}`]),
    ...(drill.parts ?? []).flatMap(({ name, tried, of }) =>
      tried === undefined || of === undefined
        ? []
        : [`${printable(name)}: ${formatCount(tried)} of ${formatCount(of)}`],
    ),
    ...(drill.seed === undefined ? [] : [`seed ${drill.seed}`]),
    ...(drill.restoreMs === null ? [] : [`restored in ${formatDuration(drill.restoreMs)}`]),
    ...(comparisons.length === 0
      ? []
      : [`${formatCount(passed)} of ${formatNumberOf(comparisons.length, 'comparison')} as in the backup`]),
    ...(drill.checks.length === 0 ? [] : [`${checks} of ${formatNumberOf(drill.checks.length, 'check')} passed`]),
    ...(drill.failure === null ? [] : [`${printable(drill.failure.message)} (${drill.failure.code})`]),
    ...(missed === undefined ? [] : [missed]),
    `${formatDuration(drill.durationMs)} in all`,
  ].join(' · ');
}

function missedObjective({ restoreMs, recoveryTimeObjectiveSeconds: objective }: Drill): string | undefined {
  if (restoreMs === null || objective === null || restoreMs <= objective * 1000) return undefined;
  return `a restore takes longer than its objective of ${formatDuration(objective * 1000)}`;
}

function issueLines(issues: readonly DrillIssue[], style: Style): string[] {
  const lines = issues.slice(0, MOST_SHOWN).map(({ subject, outcome, finding }) => {
    const mark = outcome === 'failed' ? style.bad('✗') : style.unsure('?');
    return `  ${mark} ${printable(subject)}: ${printable(finding)}`;
  });
  const left = issues.length - lines.length;
  return left > 0 ? [...lines, `  and ${formatNumberOf(left, 'more issue')}; --json lists them all`] : lines;
}
