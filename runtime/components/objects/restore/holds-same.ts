import type { InventoryEntry } from '../../../../model';
import { BackupError } from '../../../errors';
import type { Bucket, ListedObject } from '../../../store/bucket';
import { EntryDigest } from '../entry-digest';

/** Whether the target has the very content already: by ETag or SHA-256 where they tell, else by reading it. */
export async function holdsSame(
  entry: InventoryEntry,
  there: ListedObject,
  to: Bucket,
  signal: AbortSignal,
): Promise<boolean> {
  if (there.sizeBytes !== entry.sizeBytes) return false;
  if (isMd5(there.etag) && there.etag === entry.sourceEtag) return true;
  // Of the same size is not the same.
  if (entry.digest === 'unknown') return false;
  const described = await to.describe(entry.key, { signal });
  if (!described) return false;
  if (described.sha256 !== undefined && entry.sha256 !== undefined) return described.sha256 === entry.sha256;
  return readsSame(entry, there, to, signal);
}

/** Another form is the store's own: two stores may give the same one to different content. */
function isMd5(etag: string): boolean {
  return /^"[0-9a-f]{32}"$/.test(etag);
}

async function readsSame(
  entry: InventoryEntry,
  there: ListedObject,
  to: Bucket,
  signal: AbortSignal,
): Promise<boolean> {
  const digest = new EntryDigest(entry);
  const { body } = await to.open(entry.key, { etag: there.etag, signal });
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) digest.update(chunk);
    digest.finish();
    return true;
  } catch (error) {
    if (error instanceof BackupError && error.code === 'object-damaged') return false;
    throw error;
  } finally {
    body.destroy();
  }
}
