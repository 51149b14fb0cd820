/** A set of a schedule is made once: a schedule that fires twice, or a task that is started again, finds what the first one made. */
import { pointId, setKey, type BackupSet, type SetAddress } from '../../model';
import { BackupError } from '../errors';
import type { ObjectStore } from '../store/store';
import { readSet } from './sets';

/** The set that is there already, or nothing. Asked of a listing: a read of what is not there may be a denial. */
export async function findScheduledSet(store: ObjectStore, address: SetAddress): Promise<BackupSet | undefined> {
  const key = setKey(address);
  for await (const entry of store.list(key)) {
    if (entry.kind === 'object' && entry.key === key) return readSet(store, address);
  }
  return undefined;
}

/** Makes it, or gives what another run made meanwhile. */
export async function makeScheduledSet(
  store: ObjectStore,
  address: SetAddress,
  make: () => Promise<BackupSet>,
): Promise<{ readonly set: BackupSet; readonly by: 'this run' | 'another run' }> {
  const before = await findScheduledSet(store, address);
  if (before) return { set: before, by: 'another run' };
  try {
    return { set: await make(), by: 'this run' };
  } catch (thrown) {
    if (!(thrown instanceof BackupError) || thrown.code !== 'store-conflict') throw thrown;
    const meanwhile = await findScheduledSet(store, address);
    if (!meanwhile) throw new BackupError('store-conflict', `the set ${pointId(address)} is claimed and not there`, {});
    return { set: meanwhile, by: 'another run' };
  }
}
