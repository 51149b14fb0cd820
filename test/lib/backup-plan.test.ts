import { Duration, TimeZone } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { BackupPlan, BackupRule, RetentionClass } from '../../lib';
import { testBackup, testStack } from './support/stacks';

const told = (plan: BackupPlan) =>
  plan.rules.map((rule) => [
    rule.name,
    rule.schedule.expressionString,
    rule.schedule.timeZone?.timezoneName,
    rule.retentionClass,
    rule.keepFor.toHours(),
  ]);

describe('a ready-made plan', () => {
  test('for production keeps hours for a day, days for a month, weeks for twelve, months for a year', () => {
    expect(told(BackupPlan.production())).toEqual([
      ['hourly', 'cron(0 * * * ? *)', 'Etc/UTC', 'hourly', 24],
      ['daily', 'cron(10 2 * * ? *)', 'Etc/UTC', 'daily', 30 * 24],
      ['weekly', 'cron(10 3 ? * SUN *)', 'Etc/UTC', 'weekly', 84 * 24],
      ['monthly', 'cron(10 4 1 * ? *)', 'Etc/UTC', 'monthly', 365 * 24],
    ]);
  });

  test('for development keeps days for a week and weeks for a month', () => {
    expect(told(BackupPlan.development())).toEqual([
      ['daily', 'cron(10 2 * * ? *)', 'Etc/UTC', 'daily', 7 * 24],
      ['weekly', 'cron(10 3 ? * SUN *)', 'Etc/UTC', 'weekly', 28 * 24],
    ]);
  });

  test('goes by a time zone, but for the hourly rule, which would lose an hour when clocks change', () => {
    const zones = told(BackupPlan.production({ timeZone: TimeZone.EUROPE_BERLIN })).map(([name, , zone]) => [
      name,
      zone,
    ]);
    expect(zones).toEqual([
      ['hourly', 'Etc/UTC'],
      ['daily', 'Europe/Berlin'],
      ['weekly', 'Europe/Berlin'],
      ['monthly', 'Europe/Berlin'],
    ]);
  });
});

describe('a rule', () => {
  test('says otherwise what is said otherwise', () => {
    const rule = BackupRule.weekly({ weekDay: 'WED', hour: 22, minute: 5, keepFor: Duration.days(14) });
    expect(rule.schedule.expressionString).toBe('cron(5 22 ? * WED *)');
    expect(rule.keepFor.toDays()).toBe(14);
    expect(rule.longestInterval.toDays()).toBe(7);
  });

  test.each([
    ['hour is 24, but must be a whole number from 0 to 23', () => BackupRule.daily({ hour: 24 })],
    ['minute is 2.5, but must be a whole number from 0 to 59', () => BackupRule.hourly({ minute: 2.5 })],
    ['day is 31, but must be a whole number from 1 to 28', () => BackupRule.monthly({ day: 31 })],
    ["weekDay is 'Sunday', but must be one of MON, TUE", () => BackupRule.weekly({ weekDay: 'Sunday' })],
    ['Invalid time zone specified: Mars/Base', () => BackupRule.daily({ timeZone: TimeZone.of('Mars/Base') })],
    [
      "keepFor of rule 'daily' is 12 hours, but up to 1 day pass",
      () => BackupRule.daily({ keepFor: Duration.hours(12) }),
    ],
    ["rule name 'Every Hour' is not usable", () => ruleOf(ScheduleExpression.rate(Duration.hours(1)), 'Every Hour')],
    ["schedule of rule 'daily' is at(", () => ruleOf(ScheduleExpression.at(new Date('2026-11-20T02:10:00Z')))],
    ['cannot be determined from cron(0 0 L * ? *): state it as longestInterval', () => ruleOf(lastDayOfMonth)],
  ])('that cannot be is refused: %s', (message, make) => expect(make).toThrow(message));

  test('whose interval cannot be determined is taken with a stated one', () => {
    const rule = new BackupRule({
      schedule: lastDayOfMonth,
      retentionClass: RetentionClass.MONTHLY,
      keepFor: Duration.days(365),
      longestInterval: Duration.days(31),
    });
    expect(rule.longestInterval.toDays()).toBe(31);
  });
});

describe('a plan', () => {
  test('grows by rules', () => {
    const plan = new BackupPlan().addRule(BackupRule.daily()).addRule(BackupRule.hourly());
    expect(plan.rules.map(({ name }) => name)).toEqual(['daily', 'hourly']);
    expect(plan.mostFrequentRule.name).toBe('hourly');
  });

  test('does not take two rules of one name, nor two times to keep for one class', () => {
    const plan = new BackupPlan([BackupRule.daily()]);
    expect(() => plan.addRule(BackupRule.daily({ hour: 14 }))).toThrow("already has a rule named 'daily'");
    expect(() => plan.addRule(ruleOf(ScheduleExpression.rate(Duration.days(2)), 'second'))).toThrow(
      /rules 'daily' and 'second' are both of class daily, but keep for 30 days and 60 days/,
    );
  });

  test('takes no more rules once a backup uses it: they would be left out without a word', () => {
    const plan = BackupPlan.development();
    testBackup(testStack(), { plan });
    expect(() => plan.addRule(BackupRule.hourly())).toThrow(
      /rule 'hourly' comes too late: the plan is in use by Shop\/Backup/,
    );
  });

  test('without a rule is refused', () => {
    expect(() => testBackup(testStack(), { plan: new BackupPlan() })).toThrow(/has no rule: add one/);
    expect(() => new BackupPlan().mostFrequentRule).toThrow(/has no rule: add one/);
  });
});

const lastDayOfMonth = ScheduleExpression.expression('cron(0 0 L * ? *)');

function ruleOf(schedule: ScheduleExpression, name?: string): BackupRule {
  return new BackupRule({ name, schedule, retentionClass: RetentionClass.DAILY, keepFor: Duration.days(60) });
}
