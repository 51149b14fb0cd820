/** How the sets of a source stand: the newest of all, and the newest that can be restored. */
import { pointId, type BackupSet, type Component, type Outcome, type RetentionClass } from '../../../model';
import { BackupError } from '../../errors';
import type { ObjectStore } from '../../store/store';
import { listSets, readGood, type ListedSet } from '../../system/sets';
import { WATCHED_BY_PEOPLE } from './watched-by-people';

export interface SetsStatus {
  readonly newest: DatedSet;
  /** Passed, all its members there and none of them found bad. `null` when the newest thirty are none. */
  readonly newestGood: DatedSet | null;
  /** The newest that a schedule made; `null` when none of the newest thirty is of one. */
  readonly newestScheduled: DatedSet | null;
  readonly kept: number;
}

export interface DatedSet {
  readonly set: string;
  readonly class: RetentionClass;
  /** When its run began, and no later than when the store received the set. */
  readonly begunAt: Date;
  /** As it is now: one whose member was found bad since has failed. */
  readonly outcome: Outcome;
  /** Why it is no set to restore; `null` when it is one. */
  readonly reason: string | null;
  readonly durationMs: number;
  readonly storedBytes: number;
  readonly members: readonly { readonly component: Component; readonly outcome: Outcome }[];
}

/** Older ones make no source safe. */
const MOST_READ = 30;

/** Absent when there is none. One that cannot be read is passed over, as it is by a restore, and told. */
export async function readSetsStatus(store: ObjectStore, source: string): Promise<SetsStatus | undefined> {
  const listed = await listSets(store, source);
  const read: DatedSet[] = [];
  const good = () => read.find(({ outcome }) => outcome === 'passed') ?? null;
  const scheduled = () => read.find((set) => !WATCHED_BY_PEOPLE.includes(set.class)) ?? null;
  for (const address of listed.slice(0, MOST_READ)) {
    const [set, problem] = await readOrPassOver(store, address);
    if (set || problem !== undefined) read.push(datedSet(address, set, problem));
    if (good() && scheduled()) break;
  }
  if (read.length === 0) return undefined;
  return { newest: read[0], newestGood: good(), newestScheduled: scheduled(), kept: listed.length };
}

/** One that ended between the listing and the reading is none. */
async function readOrPassOver(store: ObjectStore, address: ListedSet): Promise<[BackupSet?, string?]> {
  try {
    return await readGood(store, address);
  } catch (error) {
    if (error instanceof BackupError && error.code === 'point-missing') return [];
    throw error;
  }
}

function datedSet(address: ListedSet, set: BackupSet | undefined, problem: string | undefined): DatedSet {
  const begunMs = Date.parse(set?.startedAt ?? '');
  const { storedAt } = address;
  return {
    set: pointId(address),
    class: address.class,
    begunAt: begunMs < storedAt.getTime() ? new Date(begunMs) : storedAt,
    outcome: problem === undefined ? 'passed' : set?.outcome === 'could not verify' ? set.outcome : 'failed',
    reason: problem === undefined ? null : reasonOf(set, problem),
    durationMs: set?.durationMs ?? 0,
    storedBytes: set?.totals.storedBytes ?? 0,
    members: set?.members.map(({ component, outcome }) => ({ component, outcome })) ?? [],
  };
}

/** What a person wants to know first: which component, and what of it. */
function reasonOf(set: BackupSet | undefined, problem: string): string {
  if (!set || set.outcome === 'passed') return problem;
  const members = set.members.flatMap(({ component, error }) => (error ? [`${component}: ${error.message}`] : []));
  const references = set.references.flatMap(({ mirror, outcome, missing, problem: unknown }) =>
    outcome === 'passed' ? [] : [unknown ?? `${missing} keys of ${mirror} that rows refer to are not in it`],
  );
  return [...members, ...references, ...(set.warnings ?? [])].join('; ') || problem;
}
