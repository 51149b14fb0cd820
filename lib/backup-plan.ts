import { Duration, TimeZone } from 'aws-cdk-lib';
import { BackupRule } from './backup-rule';

/**
 * What the ready-made plans can say.
 */
export interface BackupPlanOptions {
  /**
   * Time zone of the daily, weekly and monthly rules. Hourly ones go by UTC.
   *
   * @default TimeZone.ETC_UTC
   */
  readonly timeZone?: TimeZone;
}

/**
 * When backups are made and how long they are kept.
 */
export class BackupPlan {
  /**
   * Hourly for 24 hours, daily for 30 days, weekly for 12 weeks, monthly for 12 months.
   *
   * @param options what to say otherwise
   */
  public static production(options: BackupPlanOptions = {}): BackupPlan {
    return new BackupPlan([
      BackupRule.hourly(),
      BackupRule.daily(options),
      BackupRule.weekly(options),
      BackupRule.monthly(options),
    ]);
  }

  /**
   * Daily for 7 days, weekly for 4 weeks.
   *
   * @param options what to say otherwise
   */
  public static development(options: BackupPlanOptions = {}): BackupPlan {
    return new BackupPlan([
      BackupRule.daily({ ...options, keepFor: Duration.days(7) }),
      BackupRule.weekly({ ...options, keepFor: Duration.days(28) }),
    ]);
  }

  private readonly list: BackupRule[] = [];
  private user?: string;

  /**
   * A plan of one's own.
   *
   * @param rules what it begins with; `addRule` adds more
   */
  constructor(rules: BackupRule[] = []) {
    for (const rule of rules) this.addRule(rule);
  }

  /**
   * Adds a rule. All rules must be there before the plan is given to a backup.
   *
   * @param rule the rule; its name must be new in the plan, and its class kept as long as elsewhere in the plan
   * @returns the plan itself
   */
  public addRule(rule: BackupRule): BackupPlan {
    if (this.user !== undefined) {
      throw new Error(`rule '${rule.name}' comes too late: the plan is in use by ${this.user}. Add it before`);
    }
    for (const other of this.list) {
      if (other.name === rule.name) {
        throw new Error(`the plan already has a rule named '${rule.name}': give one of them another name`);
      }
      if (other.retentionClass === rule.retentionClass && other.keepFor.toSeconds() !== rule.keepFor.toSeconds()) {
        throw new Error(
          `rules '${other.name}' and '${rule.name}' are both of class ${rule.retentionClass}, but keep for ${other.keepFor.toHumanString()} ` +
            `and ${rule.keepFor.toHumanString()}: a class is kept for one time`,
        );
      }
    }
    this.list.push(rule);
    return this;
  }

  /** The rules, in the order they were added. */
  public get rules(): BackupRule[] {
    return [...this.list];
  }

  /** The rule with the shortest time between two runs: what the plan can promise. */
  public get mostFrequentRule(): BackupRule {
    const [first, ...others] = this.list;
    if (!first) throw new Error('the plan has no rule: add one, such as BackupRule.daily()');
    return others.reduce(
      (best, rule) => (rule.longestInterval.toSeconds() < best.longestInterval.toSeconds() ? rule : best),
      first,
    );
  }

  /**
   * No more rules from here on: they would be left out without a word.
   *
   * @internal
   */
  public _use(user: string): void {
    if (this.list.length === 0) throw new Error(`the plan of ${user} has no rule: add one, such as BackupRule.daily()`);
    this.user ??= user;
  }
}
