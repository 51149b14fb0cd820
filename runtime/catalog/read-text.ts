import { BackupError } from '../errors';
import type { ObjectStore } from '../store/store';

/** A manifest of 10^5 tables is some 20 MB; what is larger is none of our records. */
const MAXIMUM_RECORD_BYTES = 256 * 1024 * 1024;

/** One of the records beside a recovery point, whole, in the version that is the newest now; nothing when it is not there. */
export async function readText(store: ObjectStore, key: string): Promise<string | undefined> {
  const description = await store.head(key);
  if (!description) return undefined;
  if (description.sizeBytes > MAXIMUM_RECORD_BYTES) {
    throw new BackupError(
      'manifest-invalid',
      `${key} is ${description.sizeBytes} bytes long, too long for what it should be`,
    );
  }
  const opened = await store.get(key, { versionId: description.versionId });
  const chunks: Buffer[] = [];
  for await (const chunk of opened.body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
