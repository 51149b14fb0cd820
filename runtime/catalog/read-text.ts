import { BackupError } from '../errors';
import type { ObjectStore, OpenedObject } from '../store/store';

/** A manifest of 10^5 tables is some 20 MB; what is larger is none of our records. */
const MAXIMUM_RECORD_BYTES = 256 * 1024 * 1024;

/** Reads a record that may not be there. */
export type ReadRecord = (store: ObjectStore, key: string) => Promise<string | undefined>;

/**
 * One of the records beside a recovery point, whole, in the version that is the newest now; nothing when it is not there. Whether
 * it is, a listing says: to ask for what is not there is refused, not answered, to a role that may list below its source alone
 * (S3 answers 403 in place of 404), and leaves a denial in the account's trail.
 */
export const readText: ReadRecord = async (store, key) => {
  return (await isListed(store, key)) ? readListed(store, key) : undefined;
};

/**
 * The same for what a listing has just shown, or an event told of: one request. Where it is gone meanwhile, there is none.
 *
 * @param versionId of a listing of versions; by default the newest
 */
export const readListed = async (store: ObjectStore, key: string, versionId?: string): Promise<string | undefined> => {
  const opened = await open(store, key, versionId);
  if (!opened) return undefined;
  if (opened.sizeBytes > MAXIMUM_RECORD_BYTES) {
    opened.body.destroy();
    throw new BackupError(
      'manifest-invalid',
      `${key} is ${opened.sizeBytes} bytes long, too long for what it should be`,
    );
  }
  const chunks: Buffer[] = [];
  for await (const chunk of opened.body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

/** What is denied may be denied, or not there: a listing tells which. */
async function open(store: ObjectStore, key: string, versionId?: string): Promise<OpenedObject | undefined> {
  try {
    return await store.get(key, { versionId });
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    if (error.code === 'object-missing') return undefined;
    if (error.code !== 'store-denied' || (await isListed(store, key))) throw error;
    return undefined;
  }
}

async function isListed(store: ObjectStore, key: string): Promise<boolean> {
  // Of all keys that begin with it, the key itself is the first.
  for await (const entry of store.list(key)) return entry.kind === 'object' && entry.key === key;
  return false;
}
