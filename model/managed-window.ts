/**
 * The window of RDS and Aurora in which they restore any moment on their own: what was promised of it, what AWS says of it,
 * and what is wrong. A pure function, so that each datum that is wrong or missing can be tried without an account.
 */
import type { Outcome } from './outcome';

export const MANAGED_KINDS = ['instance', 'cluster'] as const;

export type ManagedKind = (typeof MANAGED_KINDS)[number];

/** Which database, and what its window must be like. The construct writes it, the function reads it. */
export interface ManagedPromise {
  readonly kind: ManagedKind;
  /** Name of the instance, or of the cluster. */
  readonly identifier: string;
  /** Automated backups are kept for so many days, at least. */
  readonly retentionDays: number;
  /** `true`: the storage must be encrypted. */
  readonly encrypted: boolean;
  /** `true`: nobody may delete the database without taking the protection off first. */
  readonly deletionProtection: boolean;
}

/** What AWS says. What it does not say is not there: none of it has a default. */
export interface ManagedState {
  readonly retentionDays?: number;
  readonly encrypted?: boolean;
  readonly deletionProtection?: boolean;
  readonly createdAt?: Date;
  readonly earliestRestorable?: Date;
  readonly latestRestorable?: Date;
  /** The cluster that the instance belongs to: then the cluster has the window. */
  readonly memberOf?: string;
  /** Of the automated snapshots that are complete: when each was made, `undefined` where AWS does not say it. */
  readonly snapshots: readonly (Date | undefined)[];
}

export type ManagedFindingKind =
  'database' | 'latest' | 'earliest' | 'retention' | 'encryption' | 'deletion-protection' | 'snapshot';

export interface ManagedFinding {
  readonly outcome: Exclude<Outcome, 'passed'>;
  /** For machines. */
  readonly kind: ManagedFindingKind;
  readonly finding: string;
}

export interface ManagedReport {
  readonly outcome: Outcome;
  /** Since the newest moment that can be restored; not there when it is not known. */
  readonly restorableAgeSeconds?: number;
  /** Since the newest automated snapshot; not there when it is not known, or there is none. */
  readonly snapshotAgeSeconds?: number;
  readonly findings: readonly ManagedFinding[];
}

/** @param state what AWS says; `undefined` when it knows no such database */
export function judgeManagedWindow(promise: ManagedPromise, state: ManagedState | undefined, now: Date): ManagedReport {
  if (!state) {
    const finding = `there is no ${promise.kind} "${promise.identifier}"`;
    return { outcome: 'failed', findings: [failed('database', finding)] };
  }
  const restorable = ageOf('latest', 'the newest moment that can be restored', state.latestRestorable, now);
  const snapshot = snapshotAge(state, now);
  const findings = [
    ...memberOfCluster(state),
    ...restorable.findings,
    ...retention(promise, state),
    ...earliest(promise, state, now),
    ...mustBe('encryption', 'the storage is encrypted', promise.encrypted, state.encrypted),
    ...mustBe('deletion-protection', 'deletion protection is on', promise.deletionProtection, state.deletionProtection),
    ...snapshot.findings,
  ];
  return {
    outcome: worstOf(findings),
    restorableAgeSeconds: restorable.seconds,
    snapshotAgeSeconds: snapshot.seconds,
    findings,
  };
}

interface Age {
  readonly seconds?: number;
  readonly findings: readonly ManagedFinding[];
}

/** Clocks differ by seconds. What lies further ahead is no time that anything can be concluded from. */
const CLOCKS_DIFFER_SECONDS = 300;

function ageOf(kind: ManagedFindingKind, what: string, at: Date | undefined, now: Date): Age {
  if (!at || Number.isNaN(at.getTime())) return { findings: [unclear(kind, `AWS does not say ${what}`)] };
  const seconds = (now.getTime() - at.getTime()) / 1000;
  if (seconds < -CLOCKS_DIFFER_SECONDS) {
    return { findings: [unclear(kind, `AWS says ${what} is ${at.toISOString()}, which is not yet`)] };
  }
  return { seconds: Math.max(0, seconds), findings: [] };
}

function snapshotAge({ snapshots }: ManagedState, now: Date): Age {
  if (snapshots.length === 0) return { findings: [failed('snapshot', 'there is no automated snapshot')] };
  const times = snapshots.flatMap((at) => (at ? [at.getTime()] : []));
  const newest = times.length > 0 ? new Date(times.reduce((a, b) => Math.max(a, b))) : undefined;
  return ageOf('snapshot', 'when the newest automated snapshot was made', newest, now);
}

function memberOfCluster({ memberOf }: ManagedState): ManagedFinding[] {
  if (memberOf === undefined) return [];
  return [failed('database', `the instance belongs to the cluster "${memberOf}", which has the window: watch that`)];
}

function retention(promise: ManagedPromise, { retentionDays }: ManagedState): ManagedFinding[] {
  if (retentionDays === undefined) {
    return [unclear('retention', 'AWS does not say how long automated backups are kept')];
  }
  if (retentionDays >= promise.retentionDays) return [];
  const kept = retentionDays === 0 ? 'off' : `kept for ${days(retentionDays)}`;
  return [failed('retention', `automated backups are ${kept}, but ${days(promise.retentionDays)} are promised`)];
}

/** The window begins at a snapshot, and they are made daily; half a day more when their hour is moved. */
const WINDOW_SLACK_SECONDS = 36 * 3600;

/** A young database cannot have a whole window yet; its age is known, so that it has no other excuse. */
function earliest(promise: ManagedPromise, state: ManagedState, now: Date): ManagedFinding[] {
  const { earliestRestorable: begins, createdAt } = state;
  if (!begins || Number.isNaN(begins.getTime())) {
    return [unclear('earliest', 'AWS does not say the oldest moment that can be restored')];
  }
  const promised = now.getTime() - promise.retentionDays * 86_400_000;
  const slack = WINDOW_SLACK_SECONDS * 1000;
  if (begins.getTime() <= promised + slack) return [];
  if (!createdAt || Number.isNaN(createdAt.getTime())) {
    return [unclear('earliest', 'the window is short, and AWS does not say when the database was made')];
  }
  if (begins.getTime() <= createdAt.getTime() + slack) return [];
  const wanted = `${days(promise.retentionDays)} are promised, and the database is older`;
  return [failed('earliest', `the oldest moment that can be restored is ${begins.toISOString()}, but ${wanted}`)];
}

function mustBe(
  kind: ManagedFindingKind,
  what: string,
  promised: boolean,
  is: boolean | undefined,
): readonly ManagedFinding[] {
  if (!promised || is === true) return [];
  return [
    is === undefined ? unclear(kind, `AWS does not say whether ${what}`) : failed(kind, `it is not so that ${what}`),
  ];
}

function worstOf(findings: readonly ManagedFinding[]): Outcome {
  if (findings.some(({ outcome }) => outcome === 'failed')) return 'failed';
  return findings.length > 0 ? 'could not verify' : 'passed';
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`;
}

function failed(kind: ManagedFindingKind, finding: string): ManagedFinding {
  return { outcome: 'failed', kind, finding };
}

function unclear(kind: ManagedFindingKind, finding: string): ManagedFinding {
  return { outcome: 'could not verify', kind, finding };
}
