/** EventBridge Scheduler: starts tasks and functions on the clock, tries again, and gives up into a queue. */
import { randomUUID } from 'node:crypto';
import type { Background } from '../background';
import type { Clock } from '../clock';
import type { Iam } from '../iam/iam';
import type { Principal, Role } from '../iam/policy';
import { nextFiring } from '../schedule';
import { ServiceError } from '../services/service-error';
import { StandInError } from '../stand-in-error';
import type { MetricStore } from '../watch/metric-store';
import type { Target, Targets } from './targets';

export interface Schedule {
  readonly arn: string;
  readonly name: string;
  readonly group: { readonly name: string; readonly arn: string };
  readonly expression: string;
  readonly timeZone: string;
  isEnabled: boolean;
  readonly target: Target;
  readonly role: Role;
  /** JSON with `<aws.scheduler.…>` in it. */
  readonly input: string;
  readonly deadLetterQueue?: string;
  readonly maximumRetries: number;
  readonly maximumAgeMs: number;
}

interface Services {
  readonly iam: Iam;
  readonly targets: Targets;
  readonly metrics: MetricStore;
  readonly clock: Clock;
  readonly background: Background;
  readonly now: () => Date;
}

interface Firing {
  readonly scheduledAt: Date;
  readonly executionId: string;
  readonly attempt: number;
}

/** How long the scheduler waits between tries is not documented but as "exponential": so it doubles here, up to ten minutes. */
const FIRST_DELAY_MS = 15_000;
const LONGEST_DELAY_MS = 600_000;

export class Scheduler {
  private readonly schedules = new Map<string, Schedule>();

  constructor(private readonly services: Services) {}

  add(schedule: Schedule): void {
    this.schedules.set(schedule.name, schedule);
    this.setTimer(schedule, this.services.clock.now());
  }

  all(): Schedule[] {
    return [...this.schedules.values()];
  }

  get(name: string): Schedule {
    const found = this.schedules.get(name);
    if (found === undefined) throw new StandInError(`there is no schedule ${name}`);
    return found;
  }

  /** Fires a schedule now, whatever the clock says, and waits for all that follows. */
  async fire(name: string): Promise<void> {
    const { clock, background } = this.services;
    const firing = { scheduledAt: clock.now(), executionId: randomUUID(), attempt: 1 };
    background.run(() => this.attempt(this.get(name), firing));
    await background.settled();
  }

  private setTimer(schedule: Schedule, createdAt: Date): void {
    const { clock, background } = this.services;
    const next = nextFiring(schedule.expression, schedule.timeZone, clock.now(), createdAt);
    if (next === undefined) return;
    clock.at(next, async () => {
      this.setTimer(schedule, createdAt);
      if (!schedule.isEnabled) return;
      background.run(() => this.attempt(schedule, { scheduledAt: next, executionId: randomUUID(), attempt: 1 }));
      await background.settled();
    });
  }

  private async attempt(schedule: Schedule, firing: Firing): Promise<void> {
    const { targets } = this.services;
    const payload: unknown = JSON.parse(inputFor(schedule, firing));
    this.count(schedule, 'InvocationAttemptCount');
    try {
      const principal = await this.assume(schedule);
      await targets.deliver(schedule.target, { principal, sourceArn: schedule.arn, payload });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.count(schedule, 'TargetErrorCount');
      await this.tryLater(schedule, firing, { payload, error: error.message });
    }
  }

  private async tryLater(
    schedule: Schedule,
    firing: Firing,
    { payload, error }: { payload: unknown; error: string },
  ): Promise<void> {
    const { clock, background, targets } = this.services;
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (firing.attempt - 1), LONGEST_DELAY_MS);
    const again = new Date(clock.now().getTime() + delayMs);
    const isTooLate = again.getTime() - firing.scheduledAt.getTime() > schedule.maximumAgeMs;
    if (firing.attempt <= schedule.maximumRetries && !isTooLate) {
      clock.at(again, async () => {
        background.run(() => this.attempt(schedule, { ...firing, attempt: firing.attempt + 1 }));
        await background.settled();
      });
      return;
    }
    const principal: Principal = { kind: 'role', role: schedule.role };
    const delivery = { principal, sourceArn: schedule.arn, payload };
    const isKept = await targets.giveUp(schedule.deadLetterQueue, delivery, error);
    this.count(schedule, 'InvocationDroppedCount');
    this.count(schedule, isKept ? 'InvocationsSentToDeadLetterCount' : 'InvocationsFailedToBeSentToDeadLetterCount');
  }

  /** The confused deputy's condition is on the group: a schedule's own ARN is not what the scheduler says. */
  private async assume({ role, group }: Schedule): Promise<Principal> {
    await this.services.iam.requireAssume('scheduler.amazonaws.com', role, { 'aws:SourceArn': group.arn });
    return { kind: 'role', role };
  }

  private count({ group }: Schedule, metric: string): void {
    this.services.metrics.put('AWS/Scheduler', metric, { ScheduleGroup: group.name }, this.services.now(), 1, 'Count');
  }
}

function inputFor({ input, arn }: Schedule, { scheduledAt, executionId, attempt }: Firing): string {
  return input
    .replaceAll('<aws.scheduler.scheduled-time>', scheduledAt.toISOString().replace(/\.\d+Z$/, 'Z'))
    .replaceAll('<aws.scheduler.schedule-arn>', arn)
    .replaceAll('<aws.scheduler.execution-id>', executionId)
    .replaceAll('<aws.scheduler.attempt-number>', String(attempt));
}
