/** Whether what is known of an object is what is at the source now. */
import type { ListedObject } from '../../../store/bucket';
import type { KnownEntry } from '../inventory/read-inventory';

/** The same content has the same ETag and size; other metadata, another time. */
export function isUnchanged(entry: KnownEntry, listed: ListedObject): boolean {
  return (
    // What a replica has is not in the vault.
    entry.digest === undefined &&
    entry.sourceEtag === listed.etag &&
    entry.sizeBytes === listed.sizeBytes &&
    isSameTime(entry.modified, listed.modified)
  );
}

/** What was copied between the runs knows the time to the second, which is all that S3 lists; a store may list more of it. */
function isSameTime(known: string, listed: string): boolean {
  return known === listed || (known.endsWith('.000Z') && known.slice(0, 19) === listed.slice(0, 19));
}
