/** Writes one object of a mirror to the target, and proves that it is what was mirrored. */
import { mirroredKey, type InventoryEntry } from '../../../../model';
import type { Bucket } from '../../../store/bucket';
import { MAX_PARTS } from '../../../store/part-size';
import { damagedObject } from '../entry-digest';
import { inParts, partPlaces } from '../mirror/parts';
import { writeOptions, type PuttingBack } from './putting-back';
import { sendThroughHere } from './send-through-here';

/** Parts of one object that the store copies at once. */
const PARTS_AT_ONCE = 4;

export async function putBack(
  putting: PuttingBack,
  listed: InventoryEntry,
  existing: 'new' | 'overwrite',
): Promise<void> {
  const entry = await withTags(putting, listed);
  if (putting.way === 'through here') return sendThroughHere(putting, entry, existing);
  return entry.sizeBytes <= putting.settings.wholeCopyBytes && entry.parts === undefined
    ? copyWhole(putting, entry)
    : copyInParts(putting, entry);
}

/** A replica has the tags of its source; no inventory names them. */
async function withTags({ vault, prefix, signal }: PuttingBack, entry: InventoryEntry): Promise<InventoryEntry> {
  if (entry.digest !== 'unknown') return entry;
  const { versionId } = entry;
  return { ...entry, tags: await vault.tags(mirroredKey(prefix, entry), { versionId, signal }) };
}

async function copyWhole({ to, vault, prefix, signal }: PuttingBack, entry: InventoryEntry): Promise<void> {
  // Not with a condition: S3 knows none for copies.
  const { sha256 } = await to.copy(entry.key, sourceOf(vault, prefix, entry), { tags: entry.tags, signal });
  // Of a replica: exactly this version, and only while it has this ETag; there is no digest to hold it against.
  if (entry.digest !== 'unknown') requireSame(entry, sha256, entry.sha256);
}

async function copyInParts(putting: PuttingBack, entry: InventoryEntry): Promise<void> {
  const { to, vault, prefix, settings, signal } = putting;
  const { sizeBytes, sha256: expected } = entry.parts ?? { sizeBytes: undefined, sha256: undefined };
  // In the parts it was mirrored in, so that each has a digest to be held against.
  const partBytes = sizeBytes ?? Math.max(settings.wholeCopyBytes, Math.ceil(entry.sizeBytes / MAX_PARTS));
  const upload = await to.beginParts(entry.key, await writeOptions(putting, entry));
  const from = sourceOf(vault, prefix, entry);
  await inParts(
    upload,
    partPlaces(entry.sizeBytes, partBytes),
    PARTS_AT_ONCE,
    signal,
    async ({ number, start, end }) => {
      const { sha256 } = await upload.copy(number, from, { start, end }, signal);
      if (expected) requireSame(entry, sha256, expected[number - 1]);
      return sha256;
    },
  );
}

function sourceOf(vault: Bucket, prefix: string, entry: InventoryEntry) {
  return vault.copySource(mirroredKey(prefix, entry), entry);
}

function requireSame(entry: InventoryEntry, found: string | undefined, expected: string | undefined): void {
  if (found !== undefined && found === expected) return;
  throw damagedObject(
    entry,
    `the store copied content with SHA-256 ${found ?? 'unknown'}, the inventory says ${expected ?? 'nothing'}`,
  );
}
