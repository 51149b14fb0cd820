import type { Component, RetentionClass } from './component';
import type { Outcome } from './outcome';
import { decideRetention, type RetentionDecision } from './retention';
import type { RetentionPolicy } from './retention-policy';

/** A set, as far as retention needs it. */
export interface RetainableSet {
  readonly set: string;
  readonly class: RetentionClass;
  /** When the store received it, by the store's own clock. */
  readonly storedAt: Date;
  readonly outcome: Outcome;
  readonly members: readonly { readonly component: Component; readonly point: string | null }[];
}

/**
 * Which sets may end: by the same rules as recovery points, where a set whose run passed counts as verified. That a set ends makes
 * no recovery point end; that it stays keeps all its members.
 */
export function decideSets(sets: readonly RetainableSet[], policy: RetentionPolicy, now: Date): RetentionDecision[] {
  const points = sets.map(({ set, class: retention, storedAt, outcome }) => ({
    point: set,
    class: retention,
    storedAt,
    verification: outcome,
  }));
  return decideRetention(points, policy, now);
}

/** The points of a component that sets which stay are made of, each with one such set. */
export function heldPoints(
  sets: readonly RetainableSet[],
  decisions: readonly RetentionDecision[],
  component: Component,
): ReadonlyMap<string, string> {
  const held = new Map<string, string>();
  for (const [index, { set, members }] of sets.entries()) {
    if (decisions[index].action !== 'keep') continue;
    for (const member of members) {
      if (member.component === component && member.point !== null) held.set(member.point, set);
    }
  }
  return held;
}
