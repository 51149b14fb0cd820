/** Copies where one store holds both: no byte passes through here, and the digest is the store's own. */
import { BackupError } from '../../../errors';
import type { ListedObject } from '../../../store/bucket';
import { MAX_PARTS } from '../../../store/part-size';
import type { ObjectTags } from '../../../store/store';
import type { Copier, WrittenCopy } from './copier';
import { inParts, partPlaces } from './parts';

/** Parts of one object that the store copies at once. */
const PARTS_AT_ONCE = 4;

export async function copyByStore(copier: Copier, object: ListedObject, target: string): Promise<WrittenCopy> {
  const { mirror, vault, settings, signal } = copier;
  if (object.sizeBytes > settings.wholeCopyBytes) return copyInParts(copier, object, target);
  const from = mirror.from.copySource(object.key, object);
  const [tags, copied] = await Promise.all([tagsOf(copier, object), vault.copy(target, from, { signal })]);
  return { ...copied, sha256: requireDigest(copied.sha256, vault.uri), tags };
}

async function copyInParts(copier: Copier, object: ListedObject, target: string): Promise<WrittenCopy> {
  const { mirror, vault, settings, signal } = copier;
  // A copy in parts takes nothing over by itself.
  const [tags, described] = await Promise.all([
    tagsOf(copier, object),
    mirror.from.describe(object.key, { versionId: object.versionId, signal }),
  ]);
  if (!described) throw new BackupError('object-missing', `${JSON.stringify(object.key)} is not there any more`);
  if (described.etag !== object.etag) {
    throw new BackupError('store-conflict', `${JSON.stringify(object.key)} is another object by now`);
  }
  const from = mirror.from.copySource(object.key, object);
  const sizeBytes = Math.max(settings.wholeCopyBytes, Math.ceil(object.sizeBytes / MAX_PARTS));
  const upload = await vault.beginParts(target, { attributes: described.attributes, signal });
  const places = partPlaces(object.sizeBytes, sizeBytes);
  const { written, sha256 } = await inParts(upload, places, PARTS_AT_ONCE, signal, async ({ number, start, end }) => {
    return (await upload.copy(number, from, { start, end }, signal)).sha256;
  });
  return { ...written, parts: { sizeBytes, sha256 }, tags };
}

function tagsOf({ mirror, signal }: Copier, { key, versionId }: ListedObject): Promise<ObjectTags> | ObjectTags {
  return mirror.tags === 'keep' ? mirror.from.tags(key, { versionId, signal }) : {};
}

function requireDigest(sha256: string | undefined, uri: string): string {
  if (sha256 !== undefined) return sha256;
  throw new BackupError('store-failed', `the store of ${uri} does not tell the SHA-256 of what it copies`, {
    detail: 'Without it nothing proves that the copy is what was at the source.',
    hint: 'Add --through-here: every byte is read, digested and written then.',
  });
}
