import { mirroredKey, type InventoryEntry } from '../../../../model';
import type { WriteOptions } from '../../../store/bucket';
import { damagedObject } from '../entry-digest';
import type { ObjectsRestoreRequest } from '../types';

/** What putting an object back needs. */
export interface PuttingBack extends Pick<ObjectsRestoreRequest, 'to' | 'vault' | 'way' | 'settings'> {
  /** Of the mirror, in the vault. */
  readonly prefix: string;
  readonly signal: AbortSignal;
}

/** What describes the object is stored with its version; only its tags are in the inventory. */
export async function writeOptions(
  { vault, prefix, signal }: Pick<PuttingBack, 'vault' | 'prefix' | 'signal'>,
  entry: InventoryEntry,
): Promise<WriteOptions> {
  const described = await vault.describe(mirroredKey(prefix, entry), { versionId: entry.versionId, signal });
  if (!described) throw damagedObject(entry, `version ${entry.versionId} is not there`);
  return { attributes: described.attributes, tags: entry.tags, signal };
}
