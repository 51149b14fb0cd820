import type { Evidence, EvidentObjectives } from '../../../model';
import { formatCount, formatDuration, formatNumberOf } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Answer } from '../answer';

/** The answer of `evidence`. A broken chain is a failure; a period in which nothing was proven proves nothing. */
export function evidenceAnswer(evidence: Evidence, file: string | undefined): Answer {
  const { points, drills, chainProblems, objectives, days, source } = evidence;
  const restorable = points.filter(({ outcome }) => outcome === 'passed').length;
  const passed = drills.filter(({ outcome }) => outcome === 'passed').length;
  const missed = missedObjectives(objectives);
  const summary = [
    `${source}: ${formatNumberOf(days.length, 'day')}`,
    `${formatCount(restorable)} of ${formatNumberOf(points.length, 'recovery point')} restorable`,
    `${formatCount(passed)} of ${formatNumberOf(drills.length, 'drill')} passed`,
    ...(chainProblems.length > 0 ? ['the chain of records is broken'] : []),
    ...missed,
  ].join(' · ');
  return {
    outcome: outcomeOf(evidence, passed, missed),
    summary,
    lines: (style) => [
      ...chainProblems.map((problem) => `  ${style.bad('✗')} ${printable(problem)}`),
      summary,
      ...(file === undefined ? [] : [`  written to ${printable(file)}`]),
    ],
    document: evidence,
  };
}

function outcomeOf({ chainProblems }: Evidence, passed: number, missed: readonly string[]): Answer['outcome'] {
  if (chainProblems.length > 0) return 'failed';
  if (passed === 0) return 'could not verify';
  return missed.length > 0 ? 'objective missed' : 'passed';
}

function missedObjectives(objectives: EvidentObjectives): string[] {
  const { longestGapSeconds, recoveryPointObjectiveSeconds, slowestRestoreMs, recoveryTimeObjectiveSeconds } =
    objectives;
  const missed: string[] = [];
  if (
    recoveryPointObjectiveSeconds !== null &&
    !(longestGapSeconds !== null && longestGapSeconds <= recoveryPointObjectiveSeconds)
  ) {
    const gap = longestGapSeconds === null ? 'never one' : `${formatDuration(longestGapSeconds * 1000)} without one`;
    missed.push(`restorable moments: ${gap} (objective ${formatDuration(recoveryPointObjectiveSeconds * 1000)})`);
  }
  if (
    recoveryTimeObjectiveSeconds !== null &&
    slowestRestoreMs !== null &&
    slowestRestoreMs > recoveryTimeObjectiveSeconds * 1000
  ) {
    missed.push(
      `a restore took ${formatDuration(slowestRestoreMs)} (objective ${formatDuration(recoveryTimeObjectiveSeconds * 1000)})`,
    );
  }
  return missed;
}
