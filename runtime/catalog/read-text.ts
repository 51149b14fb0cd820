import { BackupError } from '../errors';
import type { ObjectStore } from '../store/store';

/** A manifest of 10^5 tables is some 20 MB; what is larger is none of our records. */
const MAXIMUM_RECORD_BYTES = 256 * 1024 * 1024;

/** One of the records beside a recovery point, whole, in the version that is the newest now; nothing when it is not there. */
export async function readText(store: ObjectStore, key: string): Promise<string | undefined> {
  const listed = await findObject(store, key);
  if (!listed) return undefined;
  if (listed.sizeBytes > MAXIMUM_RECORD_BYTES) {
    throw new BackupError(
      'manifest-invalid',
      `${key} is ${listed.sizeBytes} bytes long, too long for what it should be`,
    );
  }
  const opened = await store.get(key);
  const chunks: Buffer[] = [];
  for await (const chunk of opened.body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Whether there is such an object, by a listing: to ask for one that is not there is refused, not answered, to a role that
 * may list below its source alone (S3 answers 403 in place of 404).
 */
async function findObject(store: ObjectStore, key: string): Promise<{ sizeBytes: number } | undefined> {
  // Of all keys that begin with it, the key itself is the first.
  for await (const entry of store.list(key)) return entry.kind === 'object' && entry.key === key ? entry : undefined;
  return undefined;
}
