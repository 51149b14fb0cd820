import { Duration } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { mirrorNameProblem } from '../model';
import { BackupComponent } from './backup-component';
import { BackupPlan } from './backup-plan';
import { BackupRule } from './backup-rule';

/** What there is to know of a component that a set may hold. */
interface SetMember extends IConstruct {
  readonly component: BackupComponent;
  readonly plan: BackupPlan;
}

/**
 * What is said of the sets of a schedule.
 */
export interface SetScheduleOptions {
  /**
   * For each mirror a SELECT of one column: the keys of objects, below the mirror's prefix, that rows refer to. Each must be in
   * the set, or it has failed; of a mirror of a replica, which is up to 48 hours older than the rows, the query must leave out rows
   * of that time. The task that makes the set may connect to the server then, and read the inventories of mirrors.
   *
   * @default - whether rows refer to objects that the set lacks is not looked at
   */
  readonly references?: { [mirror: string]: string };

  /**
   * Age of the newest set that can be restored above which the alarm goes off. Longer than the time between two sets.
   *
   * @default - as of the backup's own age: a twelfth more than the longest time between two sets, at least an hour more
   */
  readonly newestAge?: Duration;
}

/**
 * When the components of a source are backed up together, as a set. By the rules that make sets, one task starts all components
 * that go by the backup's own plan; these are not started by themselves then. By the other rules each is started by itself.
 */
export class SetSchedule {
  /**
   * By every rule of the plan.
   *
   * @param options what else is said
   */
  public static byPlan(options: SetScheduleOptions = {}): SetSchedule {
    return new SetSchedule(undefined, options);
  }

  /**
   * By some rules of the plan: sets daily, and dumps of every hour by themselves.
   *
   * @param names of the rules
   * @param options what else is said
   */
  public static byRules(names: string[], options: SetScheduleOptions = {}): SetSchedule {
    return new SetSchedule(names, options);
  }

  /**
   * Queries for keys that rows refer to, by mirror.
   *
   * @default - none
   */
  public readonly references?: { [mirror: string]: string };
  /**
   * Age above which the alarm goes off.
   *
   * @default - from the rules
   */
  public readonly newestAge?: Duration;

  private plan?: BackupPlan;
  private readonly members: SetMember[] = [];

  private constructor(
    private readonly names: string[] | undefined,
    options: SetScheduleOptions,
  ) {
    this.references = options.references;
    this.newestAge = options.newestAge;
    for (const [mirror, query] of Object.entries(options.references ?? {})) {
      const problem = mirrorNameProblem(mirror);
      if (problem) throw new Error(`references has a mirror '${mirror}', which is not usable: ${problem}`);
      if (query.trim() === '') throw new Error(`the query of references for '${mirror}' is empty: give a SELECT`);
    }
  }

  /**
   * The rules that make sets. Each schedule is of one backup.
   *
   * @internal
   */
  public _bind(plan: BackupPlan): BackupRule[] {
    if (this.plan) throw new Error('the SetSchedule is given to two backups: make one for each');
    this.plan = plan;
    const unknown = (this.names ?? []).find((name) => !plan.rules.some((rule) => rule.name === name));
    if (unknown !== undefined || this.names?.length === 0) {
      throw new Error(
        `sets are to be made by ${unknown === undefined ? 'no rule' : `the rule '${unknown}'`}, but the plan has: ${plan.rules.map(({ name }) => name).join(', ')}`,
      );
    }
    return plan.rules.filter((rule) => this._starts(plan, rule));
  }

  /**
   * Whether a component of this plan is started with the set, by this rule.
   *
   * @internal
   */
  public _starts(plan: BackupPlan, { name }: BackupRule): boolean {
    return plan === this.plan && (this.names === undefined || this.names.includes(name));
  }

  /**
   * Whether keys of this mirror are asked for, where a component of this plan has it.
   *
   * @internal
   */
  public _asksFor(mirror: string, plan: BackupPlan): boolean {
    return plan === this.plan && this.references?.[mirror] !== undefined;
  }

  /**
   * A component that nobody adds to the backup would never be started.
   *
   * @internal
   */
  public _expect(component: SetMember): void {
    component.node.addValidation({
      validate: () =>
        component.plan !== this.plan || this.members.includes(component)
          ? []
          : ['it goes by the plan of sets, and is in none: add it to the backup with addComponent'],
    });
  }

  /**
   * Takes a component into the sets, if it goes by their plan.
   *
   * @internal
   */
  public _join(component: SetMember): void {
    if (component.plan === this.plan) this.members.push(component);
  }

  /** @internal */
  public get _members(): SetMember[] {
    return [...this.members];
  }
}
