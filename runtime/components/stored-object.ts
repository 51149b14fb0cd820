import type { Outcome, StoredObject } from '../../model';
import type { ObjectStore } from '../store/store';

/** What was found of one object. */
export interface Finding {
  readonly outcome: Outcome;
  readonly finding: string;
}

/** What is found where only reading proves anything. */
export const NO_CHECKSUM = 'the store keeps no checksum of the whole; use --depth read';

/**
 * Asks the store, without reading the object: is this version there, with this size, and does the store's own checksum of the
 * whole agree with the one computed while it was sent? Where the store keeps none, nothing is proven.
 */
export async function verifyStored(store: ObjectStore, object: StoredObject): Promise<Finding> {
  const found = await store.head(object.key, { versionId: object.versionId });
  if (!found) return { outcome: 'failed', finding: 'it is not there' };
  if (found.sizeBytes !== object.sizeBytes) {
    return { outcome: 'failed', finding: `it has ${found.sizeBytes} bytes, the manifest says ${object.sizeBytes}` };
  }
  if (found.crc32 === undefined) {
    return { outcome: 'could not verify', finding: NO_CHECKSUM };
  }
  if (found.crc32 !== object.crc32) {
    return { outcome: 'failed', finding: `its CRC-32 is ${found.crc32}, the manifest says ${object.crc32}` };
  }
  return { outcome: 'passed', finding: 'size and CRC-32 as in the manifest' };
}
