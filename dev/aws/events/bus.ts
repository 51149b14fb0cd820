/** EventBridge: events on the default bus, and the rules that look for them. A rule may also fire by itself, on a schedule. */
import { randomUUID } from 'node:crypto';
import type { Account } from '../account';
import type { Background } from '../background';
import type { Clock } from '../clock';
import { service, type Principal, type Role } from '../iam/policy';
import type { Iam } from '../iam/iam';
import { nextFiring } from '../schedule';
import { ServiceError } from '../services/service-error';
import type { Json } from '../template/template';
import type { MetricStore } from '../watch/metric-store';
import { matchesPattern } from './pattern';
import type { Target, Targets } from './targets';
import { targetInput, type TargetInput } from './transform';

export interface RuleTarget extends Target, TargetInput {
  readonly role?: Role;
  readonly deadLetterQueue?: string;
}

export interface Rule {
  readonly arn: string;
  readonly name: string;
  readonly pattern?: Json;
  readonly schedule?: string;
  readonly isEnabled: boolean;
  readonly targets: readonly RuleTarget[];
}

/** What is put on the bus; the rest of an event is said by the bus. */
export interface NewEvent {
  readonly source: string;
  readonly detailType: string;
  readonly detail: unknown;
  readonly resources: readonly string[];
}

interface Services {
  readonly account: Account;
  readonly iam: Iam;
  readonly targets: Targets;
  readonly metrics: MetricStore;
  readonly clock: Clock;
  readonly background: Background;
  readonly now: () => Date;
}

const EVENTS = 'events.amazonaws.com';

export class Bus {
  /** Everything that was put on it. */
  readonly events: Json[] = [];
  private readonly rules: Rule[] = [];

  constructor(private readonly services: Services) {}

  add(rule: Rule): void {
    this.rules.push(rule);
    if (rule.schedule !== undefined && rule.isEnabled) this.setTimer(rule, rule.schedule, this.services.clock.now());
  }

  put({ source, detailType, detail, resources }: NewEvent): void {
    const { account, now, background } = this.services;
    const event = {
      version: '0',
      id: randomUUID(),
      'detail-type': detailType,
      source,
      account: account.id,
      time: now()
        .toISOString()
        .replace(/\.\d+Z$/, 'Z'),
      region: account.region,
      resources,
      // As it arrives, not as it may be changed later.
      detail: JSON.parse(JSON.stringify(detail)) as unknown,
    };
    this.events.push(event);
    for (const rule of this.rules) {
      if (rule.isEnabled && rule.pattern !== undefined && matchesPattern(rule.pattern, event)) {
        background.run(() => this.fire(rule, event));
      }
    }
  }

  private setTimer(rule: Rule, schedule: string, createdAt: Date): void {
    const { clock, background } = this.services;
    const next = nextFiring(schedule, 'UTC', clock.now(), createdAt);
    if (next === undefined) return;
    clock.at(next, async () => {
      this.setTimer(rule, schedule, createdAt);
      background.run(() => this.fire(rule, this.scheduledEvent(rule)));
      await background.settled();
    });
  }

  private scheduledEvent({ arn }: Rule): Json {
    const { account, clock } = this.services;
    return {
      version: '0',
      id: randomUUID(),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: account.id,
      time: clock
        .now()
        .toISOString()
        .replace(/\.\d+Z$/, 'Z'),
      region: account.region,
      resources: [arn],
      detail: {},
    };
  }

  private async fire(rule: Rule, event: Json): Promise<void> {
    for (const target of rule.targets) await this.deliver(rule, target, event);
  }

  /** What is refused is not tried again: that is what EventBridge does where permissions or the target are missing. */
  private async deliver(rule: Rule, target: RuleTarget, event: Json): Promise<void> {
    const payload = targetInput(target, event);
    const { targets } = this.services;
    try {
      const principal = await this.principalOf(rule, target);
      await targets.deliver(target, { principal, sourceArn: rule.arn, payload });
      this.count(rule, 'Invocations');
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.count(rule, 'FailedInvocations');
      const delivery = { principal: service(EVENTS), sourceArn: rule.arn, payload };
      const isKept = await targets.giveUp(target.deadLetterQueue, delivery, error.message);
      this.count(rule, isKept ? 'InvocationsSentToDlq' : 'InvocationsFailedToBeSentToDlq');
    }
  }

  private async principalOf({ arn }: Rule, { role }: RuleTarget): Promise<Principal> {
    if (role === undefined) return service(EVENTS);
    await this.services.iam.requireAssume(EVENTS, role, { 'aws:SourceArn': arn });
    return { kind: 'role', role };
  }

  private count({ name }: Rule, metric: string): void {
    this.services.metrics.put('AWS/Events', metric, { RuleName: name }, this.services.now(), 1, 'Count');
  }
}
