import { Duration, TimeZone } from 'aws-cdk-lib';
import { BackupPlan, BackupRule } from '../../lib';
import { templateOf, testBackup, testStack } from './support/stacks';

/** Synthesised: until then the archive of the log may be added, which gives more than the plan. */
function withObjective(recoveryPointObjective: Duration, plan: BackupPlan) {
  const stack = testStack();
  const backup = testBackup(stack, { recoveryPointObjective, plan });
  templateOf(stack);
  return backup;
}

test('a plan that cannot give the recovery point objective is refused, with what would', () => {
  expect(() => withObjective(Duration.hours(1), BackupPlan.development())).toThrow(
    "recoveryPointObjective is 1 hour, but the plan's most frequent rule is 'daily' (every 1 day).\n" +
      '  Use BackupPlan.production(), add BackupRule.hourly(), or add a rule with ScheduleExpression.rate(Duration.hours(1)) or less.',
  );
  expect(() => withObjective(Duration.minutes(15), BackupPlan.production())).toThrow(
    "most frequent rule is 'hourly' (every 1 hour).\n  Add a rule with ScheduleExpression.rate(Duration.minutes(15)) or less",
  );
});

test('a daily backup by a clock that is changed misses a day, and that is said', () => {
  const plan = new BackupPlan([BackupRule.daily({ timeZone: TimeZone.EUROPE_BERLIN })]);
  expect(() => withObjective(Duration.hours(24), plan)).toThrow(
    /'daily' \(every 1 day 23 hours, counting the days on which clocks change\)/,
  );
});

test('what would do does do', () => {
  expect(withObjective(Duration.hours(1), BackupPlan.production()).recoveryPointObjective?.toHours()).toBe(1);
  withObjective(Duration.hours(1), new BackupPlan([BackupRule.hourly()]));
  withObjective(Duration.hours(24), new BackupPlan([BackupRule.daily()]));
  withObjective(Duration.hours(25), new BackupPlan([BackupRule.daily({ hour: 4, timeZone: TimeZone.EUROPE_BERLIN })]));
});

test('a recovery time that is over before a task has started is refused', () => {
  const within = (recoveryTimeObjective: Duration) => testBackup(testStack(), { recoveryTimeObjective });
  expect(() => within(Duration.seconds(59))).toThrow(/recoveryTimeObjective is 59 seconds, but starting the task/);
  expect(within(Duration.hours(4)).recoveryTimeObjective?.toHours()).toBe(4);
});
