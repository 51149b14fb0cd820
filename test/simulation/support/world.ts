/** A deployed stack, lived on a moved clock: schedules, task, functions, vault, metrics and alarms. */
import { Clock } from '../../../dev/aws/clock';
import { evaluateRule, type AlarmState } from '../../../dev/aws/watch/alarm';
import { MetricStore } from '../../../dev/aws/watch/metric-store';
import { BackupError } from '../../../runtime/errors';
import { Seeded } from '../../support/seeded';
import { DeadLetters } from './dead-letters';
import { Disturbances } from './disturbances';
import { Functions } from './functions';
import { startTask } from './model-task';
import type { DeployedSchedule, Deployment } from './plan-stack';
import { Scheduler } from './scheduler';
import { VaultStore } from './vault-store';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Until S3's event is where it is sent to. */
const EVENT_MS = 2_000;

export interface AlarmChange {
  readonly alarm: string;
  readonly state: AlarmState;
  readonly at: Date;
  readonly reason: string;
}

export interface WorldOptions {
  /** When the stack is deployed. */
  readonly start: Date;
  readonly seed?: number;
  readonly looks?: 'each time' | 'after changes';
}

export class World {
  readonly clock: Clock;
  readonly store: VaultStore;
  readonly metrics = new MetricStore();
  readonly disturbances: Disturbances;
  readonly deadLetters: DeadLetters;
  readonly functions: Functions;
  /** Every change of an alarm's state, in order. */
  readonly changes: AlarmChange[] = [];
  /** Done twice a day: after the vault's lifecycle, and an hour later, after retention where it looks soon after midnight. */
  onDay: (at: Date) => void | Promise<void> = () => undefined;

  private readonly states = new Map<string, AlarmState>();
  private readonly random: Seeded;

  constructor(
    readonly deployment: Deployment,
    { start, seed = 1, looks = 'after changes' }: WorldOptions,
  ) {
    this.clock = new Clock(start);
    const { clock, metrics } = this;
    this.random = new Seeded(seed);
    this.store = new VaultStore(deployment.vault, clock.now);
    this.disturbances = new Disturbances(clock.now);
    this.deadLetters = new DeadLetters(deployment.deadLetterQueue, clock, metrics);
    const { store, disturbances, deadLetters } = this;
    this.functions = new Functions(deployment.functions, { clock, store, metrics, deadLetters, disturbances, looks });
    this.connect();
  }

  /** Lives on until then. */
  async until(date: Date): Promise<void> {
    await this.clock.advanceTo(date);
  }

  async forDays(days: number): Promise<void> {
    await this.until(new Date(this.clock.now().getTime() + days * DAY_MS));
  }

  /** Alarms that are in this state now. */
  alarmsIn(state: AlarmState): string[] {
    return [...this.states].filter(([, found]) => found === state).map(([name]) => name);
  }

  private connect(): void {
    const { clock, metrics, store, disturbances, deadLetters, deployment } = this;
    store.refusal = () =>
      disturbances.keyDisabled
        ? new BackupError('store-denied', 'KMS.DisabledException: the key is disabled')
        : undefined;
    store.onCreated = (key) => this.announce(key);
    const scheduler = new Scheduler({
      clock,
      metrics,
      deadLetters,
      disturbances,
      start: (one, at) => this.start(one, at),
    });
    for (const schedule of deployment.schedules) scheduler.run(schedule);
    this.everyMinute();
    this.everyDay();
  }

  private async start(schedule: DeployedSchedule, scheduledAt: Date): Promise<'started' | 'refused'> {
    const { clock, store, random, disturbances, deployment } = this;
    if (schedule.target !== deployment.cluster) {
      await this.functions.send(schedule.target, schedule.input ?? {});
      return 'started';
    }
    if (disturbances.startsRefused) return 'refused';
    const environment = { ...deployment.taskEnvironment, ...overridesOf(schedule, scheduledAt) };
    startTask(environment, { clock, store, random, disturbances });
    return 'started';
  }

  private announce(key: string): void {
    const { clock, deployment } = this;
    const { target, wildcard } = deployment.newPoint;
    const [before, after] = wildcard.split('*');
    if (!key.startsWith(before) || !key.endsWith(after)) return;
    const event = {
      'detail-type': 'Object Created',
      detail: { bucket: { name: deployment.vault.bucket }, object: { key } },
    };
    clock.at(new Date(clock.now().getTime() + EVENT_MS), () => this.functions.send(target, event));
  }

  /** CloudWatch looks at each alarm at the end of each minute. */
  private everyMinute(): void {
    const next = new Date((Math.floor(this.clock.now().getTime() / MINUTE_MS) + 1) * MINUTE_MS);
    this.clock.at(next, () => {
      for (const { name, rule } of this.deployment.alarms) {
        const before = this.states.get(name) ?? 'INSUFFICIENT_DATA';
        const { state, reason } = evaluateRule(rule, this.metrics, next, before);
        this.states.set(name, state);
        if (state !== before) this.changes.push({ alarm: name, state, at: next, reason });
      }
      this.everyMinute();
    });
  }

  /** A bucket's lifecycle looks at its objects at midnight, UTC. */
  private everyDay(): void {
    const next = new Date((Math.floor(this.clock.now().getTime() / DAY_MS) + 1) * DAY_MS);
    this.clock.at(next, async () => {
      this.store.expire();
      await this.onDay(next);
      const later = new Date(next.getTime() + HOUR_MS);
      this.clock.at(later, () => this.onDay(later));
      this.everyDay();
    });
  }
}

function overridesOf({ input, id }: DeployedSchedule, scheduledAt: Date): Record<string, string> {
  const [container] =
    (input as { containerOverrides?: { environment: { name: string; value: string }[] }[] }).containerOverrides ?? [];
  if (!container) throw new Error(`schedule ${id} starts the task and tells it nothing`);
  const at = scheduledAt.toISOString().replace(/\.\d{3}Z$/, 'Z');
  const texts = container.environment.map(({ name, value }) => [
    name,
    value.replace('<aws.scheduler.scheduled-time>', at),
  ]);
  return Object.fromEntries(texts) as Record<string, string>;
}
