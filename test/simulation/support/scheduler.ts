/** EventBridge, of a simulation: fires the schedules of the template, and tries again what is refused for as long as they say. */
import type { Clock } from '../../../dev/aws/clock';
import { nextFiring } from '../../../dev/aws/schedule';
import type { MetricStore } from '../../../dev/aws/watch/metric-store';
import type { DeadLetters } from './dead-letters';
import type { Disturbances } from './disturbances';
import type { DeployedSchedule } from './plan-stack';

export interface SchedulerSurroundings {
  readonly clock: Clock;
  readonly metrics: MetricStore;
  readonly deadLetters: DeadLetters;
  readonly disturbances: Disturbances;
  /** Starts what a schedule names; false when it is refused. */
  readonly start: (schedule: DeployedSchedule, scheduledAt: Date) => Promise<'started' | 'refused'>;
}

/** It waits longer from time to time; how long, AWS does not say. */
const LONGEST_WAIT_SECONDS = 480;

export class Scheduler {
  constructor(private readonly surroundings: SchedulerSurroundings) {}

  /** From now on, for ever. */
  run(schedule: DeployedSchedule): void {
    this.setNext(schedule, this.surroundings.clock.now());
  }

  private setNext(schedule: DeployedSchedule, createdAt: Date): void {
    const { clock, disturbances } = this.surroundings;
    const { expression, timeZone } = schedule;
    const next = nextFiring(expression, timeZone, clock.now(), createdAt);
    if (!next) throw new Error(`schedule ${schedule.id}, ${expression}, never fires again`);
    clock.at(next, async () => {
      this.setNext(schedule, createdAt);
      if (!this.isOff(schedule)) return this.attempt(schedule, next, 0);
      disturbances.happened();
    });
  }

  private isOff({ group, input }: DeployedSchedule): boolean {
    const { schedulerOff, sweepOff } = this.surroundings.disturbances;
    return (schedulerOff && group !== undefined) || (sweepOff && input?.action === 'sweep');
  }

  private async attempt(schedule: DeployedSchedule, scheduledAt: Date, failed: number): Promise<void> {
    const { clock, start, disturbances } = this.surroundings;
    if ((await start(schedule, scheduledAt)) === 'started') return;
    disturbances.happened();
    this.count(schedule, 'TargetErrorCount');
    const waitSeconds = Math.min(60 * 2 ** failed, LONGEST_WAIT_SECONDS);
    const againAt = new Date(clock.now().getTime() + waitSeconds * 1000);
    const isOver = againAt.getTime() > scheduledAt.getTime() + schedule.maximumAgeSeconds * 1000;
    if (isOver || failed >= schedule.maximumRetries) return this.giveUp(schedule);
    clock.at(againAt, () => this.attempt(schedule, scheduledAt, failed + 1));
  }

  private giveUp(schedule: DeployedSchedule): void {
    this.count(schedule, 'InvocationDroppedCount');
    this.surroundings.deadLetters.send();
  }

  private count({ group }: DeployedSchedule, metric: string): void {
    const { clock, metrics } = this.surroundings;
    if (group !== undefined) metrics.put('AWS/Scheduler', metric, { ScheduleGroup: group }, clock.now(), 1, 'Count');
  }
}
