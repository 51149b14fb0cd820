/** Copies one object into the vault, as it is at this moment. */
import { createHash } from 'node:crypto';
import { mirroredKey, type InventoryEntry, type MissingReason } from '../../../../model';
import { BackupError } from '../../../errors';
import type { Bucket, ListedObject } from '../../../store/bucket';
import { sdkError } from '../../../store/s3-errors';
import type { Copier } from './copier';
import { copyByStore } from './copy-by-store';
import { copyThroughHere } from './copy-through-here';

export type CopyResult =
  | { readonly kind: 'copied'; readonly entry: InventoryEntry }
  /** It was deleted since it was listed. */
  | { readonly kind: 'vanished' }
  | { readonly kind: 'missing'; readonly reason: MissingReason; readonly error?: BackupError };

/** An object that changes while it is copied is tried once more, as it is then. */
const MOST_ATTEMPTS = 2;
/** No store gives these without a person's doing. */
const ARCHIVED = ['GLACIER', 'DEEP_ARCHIVE'];

export async function copyObject(copier: Copier, listed: ListedObject): Promise<CopyResult> {
  if (ARCHIVED.includes(listed.storageClass ?? '')) return { kind: 'missing', reason: 'archived' };
  let object: ListedObject | undefined = listed;
  for (let attempt = 1; object !== undefined; attempt++) {
    try {
      return { kind: 'copied', entry: await copyOnce(copier, object) };
    } catch (error) {
      copier.signal.throwIfAborted();
      const reason = missingReason(error);
      if (reason === undefined) throw error;
      if (reason === 'vanished') return { kind: 'vanished' };
      if (reason !== 'changing' || attempt === MOST_ATTEMPTS) {
        return { kind: 'missing', reason, error: error as BackupError };
      }
      object = await listAgain(copier, object.key);
    }
  }
  return { kind: 'vanished' };
}

async function copyOnce(copier: Copier, object: ListedObject): Promise<InventoryEntry> {
  const { key, sizeBytes, etag, modified, storageClass } = object;
  const long = longName(copier, key);
  const target = mirroredKey(copier.prefix, { key, long });
  const way = copier.mirror.way === 'by the store' ? copyByStore : copyThroughHere;
  const { versionId, tags, ...copy } = await way(copier, object, target);
  return {
    key,
    ...(long !== undefined && { long }),
    sizeBytes,
    sourceEtag: etag,
    modified,
    ...(storageClass !== undefined && { storageClass }),
    versionId: requireVersion(versionId, copier.vault),
    etag: copy.etag,
    ...(copy.parts ? { parts: copy.parts } : { sha256: copy.sha256 }),
    ...(Object.keys(tags).length > 0 && { tags }),
  };
}

/** S3's limit of a key, with every prefix. */
const MOST_KEY_BYTES = 1024;

function longName({ vault, prefix }: Copier, key: string): string | undefined {
  if (Buffer.byteLength(vault.prefix + prefix + key) <= MOST_KEY_BYTES) return undefined;
  return createHash('sha256').update(key).digest('hex');
}

/** Without versions, the next change would write over what this recovery point names. */
function requireVersion(versionId: string | null, vault: Bucket): string {
  if (versionId !== null && versionId !== 'null') return versionId;
  throw new BackupError('configuration-invalid', `the vault ${vault.uri} keeps no versions`, {
    detail: 'A mirror keeps every state of an object as a version of one key.',
    hint: 'Turn versioning on for the bucket, then run the mirror again.',
  });
}

async function listAgain({ mirror, signal }: Copier, key: string): Promise<ListedObject | undefined> {
  for await (const page of mirror.from.pages({ below: key, signal })) {
    // Of all keys that begin with it, the key itself is the first.
    return page.at(0)?.key === key ? page[0] : undefined;
  }
  return undefined;
}

/** Why it is not copied, where that is a matter of this object alone. Everything else ends the run. */
function missingReason(thrown: unknown): MissingReason | 'vanished' | undefined {
  if (!(thrown instanceof BackupError)) return undefined;
  if (thrown.code === 'object-missing') return 'vanished';
  if (thrown.code === 'store-conflict') return 'changing';
  if (thrown.code === 'object-damaged') return 'damaged';
  const { name } = sdkError(thrown.cause);
  if (name === 'InvalidObjectState') return 'archived';
  return name === 'AccessDenied' || name.startsWith('KMS') ? 'denied' : undefined;
}
