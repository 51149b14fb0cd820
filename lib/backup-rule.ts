import { Duration, TimeZone, Token } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { RetentionClass } from './retention-class';
import { longestGap } from './schedule-gap';

/**
 * A rule in full.
 */
export interface BackupRuleProps {
  /**
   * Name of the rule, unique in its plan: 1 to 40 lower-case letters, digits and hyphens. A part of a construct id.
   *
   * @default - the retention class
   */
  readonly name?: string;

  /** When a backup is made. It must recur. */
  readonly schedule: ScheduleExpression;

  /** Class of the recovery points that the rule makes. */
  readonly retentionClass: RetentionClass;

  /** How long they are kept. Longer than the longest time between two runs, so that there is always one. */
  readonly keepFor: Duration;

  /**
   * The longest time between two runs of the schedule.
   *
   * @default - computed from the schedule; must be stated for cron expressions with `L`, `W`, `#` or a year
   */
  readonly longestInterval?: Duration;
}

/**
 * What a rule that fires every hour can say.
 */
export interface HourlyRuleOptions {
  /**
   * Minute of the hour, 0 to 59.
   *
   * @default 0
   */
  readonly minute?: number;

  /**
   * How long its recovery points are kept.
   *
   * @default Duration.hours(24)
   */
  readonly keepFor?: Duration;
}

/**
 * What a rule that fires every day can say.
 */
export interface DailyRuleOptions {
  /**
   * Hour of the day, 0 to 23.
   *
   * @default 2
   */
  readonly hour?: number;

  /**
   * Minute of the hour, 0 to 59.
   *
   * @default 10
   */
  readonly minute?: number;

  /**
   * Time zone of `hour`. In zones that change their clocks, the hour that is skipped in spring skips a backup.
   *
   * @default TimeZone.ETC_UTC
   */
  readonly timeZone?: TimeZone;

  /**
   * How long its recovery points are kept.
   *
   * @default Duration.days(30)
   */
  readonly keepFor?: Duration;
}

/**
 * What a rule that fires every week can say.
 */
export interface WeeklyRuleOptions {
  /**
   * Day of the week: `MON`, `TUE`, `WED`, `THU`, `FRI`, `SAT` or `SUN`.
   *
   * @default 'SUN'
   */
  readonly weekDay?: string;

  /**
   * Hour of the day, 0 to 23.
   *
   * @default 3
   */
  readonly hour?: number;

  /**
   * Minute of the hour, 0 to 59.
   *
   * @default 10
   */
  readonly minute?: number;

  /**
   * Time zone of `hour`. In zones that change their clocks, the hour that is skipped in spring skips a backup.
   *
   * @default TimeZone.ETC_UTC
   */
  readonly timeZone?: TimeZone;

  /**
   * How long its recovery points are kept.
   *
   * @default Duration.days(84)
   */
  readonly keepFor?: Duration;
}

/**
 * What a rule that fires every month can say.
 */
export interface MonthlyRuleOptions {
  /**
   * Day of the month, 1 to 28: the days that every month has.
   *
   * @default 1
   */
  readonly day?: number;

  /**
   * Hour of the day, 0 to 23.
   *
   * @default 4
   */
  readonly hour?: number;

  /**
   * Minute of the hour, 0 to 59.
   *
   * @default 10
   */
  readonly minute?: number;

  /**
   * Time zone of `hour`. In zones that change their clocks, the hour that is skipped in spring skips a backup.
   *
   * @default TimeZone.ETC_UTC
   */
  readonly timeZone?: TimeZone;

  /**
   * How long its recovery points are kept.
   *
   * @default Duration.days(365)
   */
  readonly keepFor?: Duration;
}

/**
 * When a backup is made, of which class it is and how long it is kept.
 *
 * Times are UTC unless a time zone is stated.
 */
export class BackupRule {
  /**
   * Every hour, kept for 24 hours. Always by UTC, so that no hour is skipped when clocks change.
   *
   * @param options what to say otherwise
   */
  public static hourly(options: HourlyRuleOptions = {}): BackupRule {
    return new BackupRule({
      schedule: ScheduleExpression.cron({ minute: numberIn('minute', options.minute ?? 0, 0, 59) }),
      retentionClass: RetentionClass.HOURLY,
      keepFor: options.keepFor ?? Duration.hours(24),
    });
  }

  /**
   * Every day at 02:10, kept for 30 days.
   *
   * @param options what to say otherwise
   */
  public static daily(options: DailyRuleOptions = {}): BackupRule {
    return new BackupRule({
      schedule: ScheduleExpression.cron(timeOfDay({ hour: 2, minute: 10, ...options })),
      retentionClass: RetentionClass.DAILY,
      keepFor: options.keepFor ?? Duration.days(30),
    });
  }

  /**
   * Every week on Sunday at 03:10, kept for 12 weeks.
   *
   * @param options what to say otherwise
   */
  public static weekly(options: WeeklyRuleOptions = {}): BackupRule {
    const weekDay = options.weekDay ?? 'SUN';
    if (!WEEK_DAYS.includes(weekDay)) {
      throw new Error(`weekDay is '${weekDay}', but must be one of ${WEEK_DAYS.join(', ')}`);
    }
    return new BackupRule({
      schedule: ScheduleExpression.cron({ ...timeOfDay({ hour: 3, minute: 10, ...options }), weekDay }),
      retentionClass: RetentionClass.WEEKLY,
      keepFor: options.keepFor ?? Duration.days(84),
    });
  }

  /**
   * Every month on the first at 04:10, kept for 365 days.
   *
   * @param options what to say otherwise
   */
  public static monthly(options: MonthlyRuleOptions = {}): BackupRule {
    const day = numberIn('day', options.day ?? 1, 1, 28);
    return new BackupRule({
      schedule: ScheduleExpression.cron({ ...timeOfDay({ hour: 4, minute: 10, ...options }), day }),
      retentionClass: RetentionClass.MONTHLY,
      keepFor: options.keepFor ?? Duration.days(365),
    });
  }

  /** Name of the rule, unique in its plan. */
  public readonly name: string;
  /** When a backup is made. */
  public readonly schedule: ScheduleExpression;
  /** Class of the recovery points that the rule makes. */
  public readonly retentionClass: RetentionClass;
  /** How long they are kept. */
  public readonly keepFor: Duration;
  /** The longest time between two runs, as stated or computed. */
  public readonly longestInterval: Duration;

  /**
   * A rule of one's own.
   *
   * @param props the rule
   */
  constructor(props: BackupRuleProps) {
    this.name = props.name ?? props.retentionClass;
    this.schedule = props.schedule;
    this.retentionClass = props.retentionClass;
    this.keepFor = props.keepFor;
    if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(this.name)) {
      throw new Error(`rule name '${this.name}' is not usable: use 1 to 40 lower-case letters, digits and hyphens`);
    }
    this.longestInterval = props.longestInterval ?? computedInterval(this);
    if (this.keepFor.toSeconds() < this.longestInterval.toSeconds()) {
      throw new Error(
        `keepFor of rule '${this.name}' is ${this.keepFor.toHumanString()}, but up to ${this.longestInterval.toHumanString()} pass between two runs: ` +
          `for a while there would be no recovery point. Keep them for ${this.longestInterval.toHumanString()} or longer`,
      );
    }
  }
}

const WEEK_DAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'];

function computedInterval(rule: BackupRule): Duration {
  const expression = rule.schedule.expressionString;
  if (expression.startsWith('at(')) {
    throw new Error(`schedule of rule '${rule.name}' is ${expression}, which fires once: use a cron or a rate`);
  }
  const gap = Token.isUnresolved(expression) ? undefined : longestGap(rule.schedule);
  if (!gap) {
    throw new Error(
      `the longest time between two runs of rule '${rule.name}' cannot be determined from ${expression}: state it as longestInterval`,
    );
  }
  return gap;
}

function timeOfDay(options: { hour: number; minute: number; timeZone?: TimeZone }) {
  return {
    hour: numberIn('hour', options.hour, 0, 23),
    minute: numberIn('minute', options.minute, 0, 59),
    timeZone: options.timeZone,
  };
}

/** As text, for a cron expression. */
function numberIn(prop: string, value: number, lowest: number, highest: number): string {
  if (!Number.isInteger(value) || value < lowest || value > highest) {
    throw new Error(`${prop} is ${value}, but must be a whole number from ${lowest} to ${highest}`);
  }
  return String(value);
}
