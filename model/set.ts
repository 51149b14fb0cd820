import type { Component, RetentionClass } from './component';
import { isRetentionClass } from './component';
import { parsePointId, pointId, sourcePrefix, type PointAddress } from './layout';
import type { Outcome } from './outcome';

/**
 * A set: the recovery points of one run of the full system, which belong together, with a report on that run. Written last and
 * conditionally, after all its members; a run of which a member failed leaves a set too, which says so and is never the latest.
 *
 *     <source>/sets/<class>/<YYYY>/<MM>/<DD>/<YYYYMMDD>T<HHMMSS>Z-<run>/set.json
 */
export const SET_FORMAT = 'postgres-backup/set/1';
export const SET_NAME = 'set.json';

/** Where a set lies. */
export type SetAddress = Omit<PointAddress, 'component'>;

export interface BackupSet {
  readonly format: typeof SET_FORMAT;
  /** `20261120T021003Z-4k2m9x`. */
  readonly set: string;
  readonly source: string;
  readonly class: RetentionClass;
  readonly outcome: Outcome;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationMs: number;
  /** In the order in which they are restored. */
  readonly members: readonly SetMember[];
  /** Of each mirror whose references were looked at. */
  readonly references: readonly ReferenceCheck[];
  readonly totals: { readonly storedBytes: number };
  readonly warnings: readonly string[];
  readonly tool: { readonly name: 'postgres-backup'; readonly version: string };
}

export interface SetMember {
  readonly component: Component;
  readonly outcome: Outcome;
  /** `null` when it made none. */
  readonly point: string | null;
  /** Of the manifest's bytes, lower-case hex; `null` without a point. */
  readonly manifestSha256: string | null;
  readonly durationMs: number;
  /** Bytes the vault holds of it. */
  readonly storedBytes: number;
  /** In the component's own unit. */
  readonly items: number;
  /** `null` when it passed. */
  readonly error: { readonly code: string; readonly message: string; readonly detail: string | null } | null;
}

/** Whether every object that rows refer to is in the mirror's inventory. */
export interface ReferenceCheck {
  readonly mirror: string;
  readonly outcome: Outcome;
  /** Different keys that the query gave. */
  readonly references: number;
  /** How many of them the inventory lacks. */
  readonly missing: number;
  /** The first of those; at most {@link MOST_MISSING_REFERENCES}. */
  readonly examples: readonly string[];
  /** Why it could not be found out; `null` when it could. */
  readonly problem: string | null;
}

/** Named of one mirror. */
export const MOST_MISSING_REFERENCES = 20;

/** In this order a system is restored: what connects to what comes first, data before what refers to it. */
export const RESTORE_ORDER = [
  'configuration',
  'base-backup',
  'dump',
  'objects',
  'files',
  'qdrant',
  'n8n',
] as const satisfies readonly Component[];

export function setsPrefix(source: string): string {
  return `${sourcePrefix(source)}sets/`;
}

/** The set's folder, with a slash at its end. */
export function setPrefix(address: SetAddress): string {
  const [year, month, day] = address.time.toISOString().slice(0, 10).split('-');
  return `${setsPrefix(address.source)}${address.class}/${year}/${month}/${day}/${pointId(address)}/`;
}

export function setKey(address: SetAddress): string {
  return `${setPrefix(address)}${SET_NAME}`;
}

/** Reads the key of a set's document; nothing when it is none. */
export function parseSetKey(key: string): SetAddress | undefined {
  const [source, , retention, , , , id] = key.split('/');
  const parsed = id === undefined ? undefined : parsePointId(id);
  if (!parsed || !isRetentionClass(retention)) return undefined;
  const address = { source, class: retention, ...parsed };
  return key === setKey(address) ? address : undefined;
}

/** The members, in the order in which they are restored. */
export function inRestoreOrder<Member extends { readonly component: Component }>(members: readonly Member[]): Member[] {
  const rank = ({ component }: Member) => (RESTORE_ORDER as readonly Component[]).indexOf(component);
  return [...members].sort((a, b) => rank(a) - rank(b));
}

/**
 * How a run as a whole ended: failed before could not verify before passed. Rows that refer to objects which the set lacks make
 * it fail: a restore of it would give a system that is not whole.
 */
export function setOutcome(members: readonly SetMember[], references: readonly ReferenceCheck[]): Outcome {
  const outcomes = [...members, ...references].map(({ outcome }) => outcome);
  if (members.length === 0 || outcomes.includes('failed')) return 'failed';
  return outcomes.includes('could not verify') ? 'could not verify' : 'passed';
}
