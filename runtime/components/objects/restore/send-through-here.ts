/** Reads a version from the vault and writes it to another store. What is not what was mirrored never becomes visible there. */
import { createHash } from 'node:crypto';
import { mirroredKey, type InventoryEntry } from '../../../../model';
import { BackupError } from '../../../errors';
import type { PartsUpload } from '../../../store/bucket';
import { processBudget } from '../../../store/part-budget';
import { MAX_PARTS } from '../../../store/part-size';
import { EntryDigest } from '../entry-digest';
import { partPlaces } from '../mirror/parts';
import { writeOptions, type PuttingBack } from './putting-back';

const MOST_READS = 3;

export async function sendThroughHere(
  putting: PuttingBack,
  entry: InventoryEntry,
  existing: 'new' | 'overwrite',
): Promise<void> {
  const options = { ...(await writeOptions(putting, entry)), ifAbsent: existing === 'new' };
  const { to, settings, signal } = putting;
  if (entry.sizeBytes <= settings.partBytes) {
    await withMemory(entry.sizeBytes, signal, async () => {
      const digest = new EntryDigest(entry);
      const bytes = await read(putting, entry, undefined, digest);
      digest.finish();
      await to.put(entry.key, { bytes, sha256: sha256Of(bytes) }, options);
    });
    return;
  }
  const upload = await to.beginParts(entry.key, options);
  await sendParts(putting, entry, upload);
}

/** One after the other: the digest is of the whole, in order. */
async function sendParts(putting: PuttingBack, entry: InventoryEntry, upload: PartsUpload): Promise<void> {
  const { settings, signal } = putting;
  const partBytes = Math.max(settings.partBytes, Math.ceil(entry.sizeBytes / MAX_PARTS));
  const digest = new EntryDigest(entry);
  try {
    for (const { number, start, end } of partPlaces(entry.sizeBytes, partBytes)) {
      await withMemory(end - start + 1, signal, async () => {
        const bytes = await read(putting, entry, { start, end }, digest);
        await upload.send(number, { bytes, sha256: sha256Of(bytes) }, signal);
      });
    }
    digest.finish();
    await upload.complete(signal);
  } catch (error) {
    // What cannot be freed now, the target's lifecycle frees; the failure itself is what counts.
    await upload.abort().catch(() => undefined);
    throw error;
  }
}

/** The store repeats its requests itself; what ends in the middle of a body is repeated here. */
async function read(
  putting: PuttingBack,
  entry: InventoryEntry,
  range: { start: number; end: number } | undefined,
  digest: EntryDigest,
): Promise<Buffer> {
  for (let reads = 1; ; reads++) {
    try {
      const bytes = await readOnce(putting, entry, range);
      digest.update(bytes);
      return bytes;
    } catch (error) {
      putting.signal.throwIfAborted();
      if (error instanceof BackupError || reads === MOST_READS) throw error;
    }
  }
}

async function readOnce(
  { vault, prefix, signal }: PuttingBack,
  entry: InventoryEntry,
  range: { start: number; end: number } | undefined,
): Promise<Buffer> {
  const { versionId } = entry;
  const { body } = await vault.open(mirroredKey(prefix, entry), { versionId, range, signal });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  } finally {
    body.destroy();
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

async function withMemory(sizeBytes: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  const held = await processBudget.reserve(sizeBytes, signal);
  try {
    await work();
  } finally {
    held.release();
  }
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
