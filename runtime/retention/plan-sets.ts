/** What is to become of the sets of a source, and which recovery points those hold that stay. */
import {
  decideSets,
  EXPIRY_TAG,
  heldPoints,
  pointId,
  setKey,
  setPrefix,
  type Component,
  type RetainableSet,
  type RetentionDecision,
  type RetentionPolicy,
} from '../../model';
import { BackupError } from '../errors';
import { listSets, readSet } from '../system/sets';
import type { RetentionContext } from './types';

export interface SetPlan {
  readonly sets: readonly (RetainableSet & { readonly prefix: string })[];
  /** One for each, in the same order. */
  readonly decisions: readonly RetentionDecision[];
}

/** Nothing is changed. A set that cannot be read is left alone, and holds nothing. */
export async function planSets(
  source: string,
  policy: RetentionPolicy,
  { store, signal, now }: RetentionContext,
): Promise<SetPlan> {
  const sets: (RetainableSet & { prefix: string })[] = [];
  for (const address of await listSets(store, source)) {
    signal.throwIfAborted();
    const key = setKey(address);
    if ((await store.tags(key, null))[EXPIRY_TAG.key] === EXPIRY_TAG.value) continue;
    const described = await store.head(key);
    const members = await membersOf(() => readSet(store, address));
    if (!described || !members) continue;
    const set = { set: pointId(address), class: address.class, storedAt: described.lastModified };
    sets.push({ ...set, ...members, prefix: setPrefix(address) });
  }
  return { sets, decisions: decideSets(sets, policy, now()) };
}

/** The points of a component that a set needs which stays, with the set's id. */
export function heldBySets({ sets, decisions }: SetPlan, component: Component): ReadonlyMap<string, string> {
  return heldPoints(sets, decisions, component);
}

/** Marks every version of the sets that end; gives how many sets those are. */
export async function endSets({ sets, decisions }: SetPlan, { store, signal }: RetentionContext): Promise<number> {
  const ends = sets.filter((_, index) => decisions[index].action === 'expire');
  for (const { prefix } of ends) {
    for await (const { key, versionId } of store.versions(prefix)) {
      signal.throwIfAborted();
      await store.tag(key, versionId, { [EXPIRY_TAG.key]: EXPIRY_TAG.value });
    }
  }
  return ends.length;
}

async function membersOf(
  read: () => ReturnType<typeof readSet>,
): Promise<Pick<RetainableSet, 'outcome' | 'members'> | undefined> {
  try {
    const { outcome, members } = await read();
    return { outcome, members };
  } catch (thrown) {
    if (thrown instanceof BackupError && thrown.code === 'manifest-invalid') return undefined;
    throw thrown;
  }
}
