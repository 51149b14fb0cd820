/** Copies what an event of the source tells of, as exactly the version that it tells of. */
import { LARGEST_EARLY_COPY_BYTES, type InventoryEntry, type MissingReason } from '../../../../model';
import { BackupError } from '../../../errors';
import type { ListedObject, SourceDescription } from '../../../store/bucket';
import { copyObject } from '../mirror/copy-object';
import type { Copier } from '../mirror/copier';
import type { SourceEvent } from './source-event';

export type EarlyCopy =
  | { readonly kind: 'copied'; readonly entry: InventoryEntry }
  /** It is not there any more, or another object by now, which has an event of its own. */
  | { readonly kind: 'vanished' }
  /** For the next run, which says what becomes of it. */
  | { readonly kind: 'left'; readonly reason: 'large' | MissingReason };

/**
 * @param key at the source, below the mirror's prefix
 * @throws what a repetition may mend: a refusal, a store that does not answer
 */
export async function copyCreated(copier: Copier, key: string, event: SourceEvent): Promise<EarlyCopy> {
  const { versionId, etag } = event;
  const found = await describe(copier, key, event);
  if (!found || (etag !== undefined && found.etag !== etag)) return { kind: 'vanished' };
  // A copy of this size may outlast the function, and one that is cut short is paid for again and again.
  if (found.sizeBytes > LARGEST_EARLY_COPY_BYTES) return { kind: 'left', reason: 'large' };
  const copied = await copyObject(copier, listed(key, versionId, found));
  if (copied.kind !== 'missing') return copied;
  if (copied.reason === 'denied' && copied.error) throw copied.error;
  return { kind: 'left', reason: copied.reason };
}

/** A role that may not list the whole bucket is refused what is not there, as if it might not read it: a listing tells. */
async function describe(
  { mirror, signal }: Copier,
  key: string,
  { versionId, etag }: SourceEvent,
): Promise<SourceDescription | undefined> {
  try {
    return await mirror.from.describe(key, { versionId, signal });
  } catch (error) {
    if (!(error instanceof BackupError) || error.code !== 'store-denied') throw error;
    for await (const page of mirror.from.pages({ below: key, signal })) {
      const there = page.find((object) => object.key === key);
      if (there && (etag === undefined || there.etag === etag)) throw error;
      return undefined;
    }
    return undefined;
  }
}

function listed(key: string, versionId: string | undefined, found: SourceDescription): ListedObject {
  const { sizeBytes, etag, modified, storageClass } = found;
  if (modified === undefined) {
    throw new BackupError('store-failed', `the store does not tell when ${JSON.stringify(key)} was written`);
  }
  return { key, sizeBytes, etag, modified, storageClass, versionId };
}
