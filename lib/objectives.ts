import { Duration } from 'aws-cdk-lib';
import { BackupPlan } from './backup-plan';

/** Throws when the plan cannot give the recovery point objective, and says what would. */
export function requireRecoveryPointObjective(objective: Duration, plan: BackupPlan): void {
  const problem = recoveryPointProblem(objective, plan);
  if (problem) throw new Error([problem.what, problem.hint].join('\n  '));
}

/** Why the plan cannot give the recovery point objective, and what would. */
export function recoveryPointProblem(
  objective: Duration,
  plan: BackupPlan,
): { readonly what: string; readonly hint: string } | undefined {
  const rule = plan.mostFrequentRule;
  if (rule.longestInterval.toSeconds() <= objective.toSeconds()) return undefined;
  const what =
    `recoveryPointObjective is ${objective.toHumanString()}, but the plan's most frequent rule is '${rule.name}' ` +
    `(every ${rule.longestInterval.toHumanString()}${clockChangeNote(rule.longestInterval)}).`;
  return { what, hint: whatWouldDo(objective) };
}

/** Throws when the recovery time objective cannot be meant. */
export function requireRecoveryTimeObjective(objective: Duration): void {
  if (objective.toSeconds() < TASK_START_SECONDS) {
    throw new Error(
      `recoveryTimeObjective is ${objective.toHumanString()}, but starting the task that restores takes about ` +
        `${TASK_START_SECONDS} seconds already: state what the business can wait, such as Duration.hours(4)`,
    );
  }
}

/** Placing a Fargate task, attaching its network interface, pulling an image of about 200 MB. */
const TASK_START_SECONDS = 60;
const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;

function whatWouldDo(objective: Duration): string {
  const seconds = objective.toSeconds();
  if (seconds >= DAY_SECONDS) {
    return 'Use BackupPlan.production(), add BackupRule.daily() by UTC, or state a longer objective.';
  }
  if (seconds >= HOUR_SECONDS) {
    return `Use BackupPlan.production(), add BackupRule.hourly(), or add a rule with ScheduleExpression.rate(${asCode(objective)}) or less.`;
  }
  return `Add a rule with ScheduleExpression.rate(${asCode(objective)}) or less; dumps that often are a load on the server.`;
}

function asCode(duration: Duration): string {
  const minutes = Math.max(1, Math.floor(duration.toMinutes({ integral: false })));
  return minutes % 60 === 0 ? `Duration.hours(${minutes / 60})` : `Duration.minutes(${minutes})`;
}

/** An interval that is an hour off a round one comes from a change of clocks. */
function clockChangeNote(interval: Duration): string {
  const hours = interval.toHours({ integral: false });
  const besideRound = hours > 2 && [1, 23].includes(hours % 24);
  return besideRound ? ', counting the days on which clocks change' : '';
}
