/**
 * Faults to inject, as a list of rules: when a request matches a rule, what goes wrong. Seeded, so that a run can be repeated; counted, so that
 * a test can prove that its fault did happen.
 */
import type { Fault } from './fault';
import { FaultEffect } from './fault-effect';
import { seededRandom } from './seeded-random';

export interface FaultRule {
  /** For messages. @default the fault's kind */
  name?: string;
  /** As in the S3 API, for example `UploadPart`. @default any */
  operation?: string | readonly string[];
  /** @default any */
  bucket?: string;
  /** The exact key, or a pattern. @default any */
  key?: string | RegExp;
  /** @default any */
  partNumber?: number;
  /** Begin with this matching call, counted from 1. @default 1 */
  nth?: number;
  /** Stop after so many faults. @default 1 */
  times?: number;
  /** Chance of each matching call, drawn from the plan's seed. @default 1 */
  probability?: number;
  fault: Fault;
}

/** A rule in force and what became of it. */
export interface InjectedFault {
  readonly name: string;
  /** Calls that matched, faulty or not. */
  readonly matched: number;
  /** Calls that went wrong. */
  readonly fired: number;
}

export interface FaultTarget {
  operation: string;
  bucket?: string;
  key?: string;
  partNumber?: number;
}

export class FaultPlan {
  #rules: ActiveRule[] = [];
  readonly #random: () => number;

  constructor(options: { seed?: number; rules?: readonly FaultRule[] } = {}) {
    this.#random = seededRandom(options.seed ?? 1);
    for (const rule of options.rules ?? []) this.add(rule);
  }

  /** Puts a rule in force. The first rule that fires decides, in the order of adding. */
  add(rule: FaultRule): InjectedFault {
    const active = new ActiveRule(rule, this.#random);
    this.#rules.push(active);
    return active;
  }

  /** Takes all rules out of force. */
  clear(): void {
    this.#rules = [];
  }

  get injected(): readonly InjectedFault[] {
    return this.#rules;
  }

  /** Throws, naming them, when a rule in force never fired: a test without its fault proves nothing. */
  assertAllFired(): void {
    const silent = this.#rules.filter(({ fired }) => fired === 0);
    if (silent.length === 0) return;
    const list = silent.map(({ name, matched }) => `"${name}" (${matched} calls matched)`).join(', ');
    throw new Error(`Faults that never fired: ${list}`);
  }

  /** For the server: the effect of the fault that this request meets, if any. */
  effectFor(target: FaultTarget): FaultEffect | undefined {
    const matching = this.#rules.filter((rule) => rule.counts(target));
    const firing = matching.find((rule) => rule.fires());
    return firing && new FaultEffect(firing.rule.fault, firing);
  }
}

class ActiveRule implements InjectedFault {
  matched = 0;
  fired = 0;
  #planned = 0;

  constructor(
    readonly rule: FaultRule,
    private readonly random: () => number,
  ) {}

  get name(): string {
    return this.rule.name ?? this.rule.fault.kind;
  }

  /** Counts the call, if the rule speaks of it. */
  counts(target: FaultTarget): boolean {
    const matching = matches(this.rule, target);
    if (matching) this.matched++;
    return matching;
  }

  fires(): boolean {
    const { nth = 1, times = 1, probability = 1 } = this.rule;
    if (this.matched < nth || this.#planned >= times) return false;
    if (probability < 1 && this.random() >= probability) return false;
    this.#planned++;
    return true;
  }

  /** The effect tells when it really happened. */
  happened(): void {
    this.fired++;
  }
}

function matches(rule: FaultRule, target: FaultTarget): boolean {
  const { operation, bucket, key, partNumber } = rule;
  if (operation !== undefined && ![operation].flat().includes(target.operation)) return false;
  if (bucket !== undefined && bucket !== target.bucket) return false;
  if (partNumber !== undefined && partNumber !== target.partNumber) return false;
  if (key === undefined) return true;
  return typeof key === 'string' ? key === target.key : key.test(target.key ?? '');
}
