import { Duration, TimeZone, Token } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { BackupRule } from './backup-rule';
import { longestGap } from './schedule-gap';

/**
 * What a weekly drill can say.
 */
export interface WeeklyDrillOptions {
  /**
   * Day of the week: `MON`, `TUE`, `WED`, `THU`, `FRI`, `SAT` or `SUN`.
   *
   * @default 'MON'
   */
  readonly weekDay?: string;

  /**
   * Hour of the day, 0 to 23.
   *
   * @default 5
   */
  readonly hour?: number;

  /**
   * Minute of the hour, 0 to 59.
   *
   * @default 40
   */
  readonly minute?: number;

  /**
   * Time zone of `hour`.
   *
   * @default TimeZone.ETC_UTC
   */
  readonly timeZone?: TimeZone;
}

/**
 * When a recovery point is restored for practice.
 */
export class DrillSchedule {
  /**
   * Every week, on Monday at 05:40: after the weekend's backups, and when people come who can look.
   *
   * @param options what to say otherwise
   */
  public static weekly(options: WeeklyDrillOptions = {}): DrillSchedule {
    const { schedule, longestInterval } = BackupRule.weekly({ weekDay: 'MON', hour: 5, minute: 40, ...options });
    return new DrillSchedule(longestInterval, schedule);
  }

  /**
   * By a schedule of one's own. It must recur.
   *
   * @param schedule a rate or a cron
   */
  public static expression(schedule: ScheduleExpression): DrillSchedule {
    const expression = schedule.expressionString;
    const gap = Token.isUnresolved(expression) ? undefined : longestGap(schedule);
    if (!gap) {
      throw new Error(
        `the longest time between two drills cannot be determined from ${expression}: use a rate, or a cron without L, W, # or a year`,
      );
    }
    return new DrillSchedule(gap, schedule);
  }

  /** After every backup, as soon as its manifest is there. Costs a restore each time. */
  public static afterEveryBackup(): DrillSchedule {
    return new DrillSchedule();
  }

  private constructor(
    private readonly longestInterval?: Duration,
    private readonly schedule?: ScheduleExpression,
  ) {}

  /**
   * The schedule; nothing when it is backups that start a drill.
   *
   * @internal
   */
  public _expression(): ScheduleExpression | undefined {
    return this.schedule;
  }

  /**
   * The longest time between two drills.
   *
   * @internal
   */
  public _longestInterval(betweenBackups: Duration): Duration {
    return this.longestInterval ?? betweenBackups;
  }
}
