/** Copies from another store: read only while it is still the object that was listed, digested, and written with the digest. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { BackupError } from '../../../errors';
import type { Attributes, DigestedBytes, ListedObject, OpenedSource, OpenOptions } from '../../../store/bucket';
import { processBudget } from '../../../store/part-budget';
import { MAX_PARTS } from '../../../store/part-size';
import type { ObjectTags } from '../../../store/store';
import type { Copier, WrittenCopy } from './copier';
import { inParts, partPlaces } from './parts';

/** Parts of one object on their way at once; the memory that all objects share allows fewer. */
const PARTS_AT_ONCE = 4;
/** The store repeats its requests itself; what ends in the middle of a body is repeated here. */
const MOST_READS = 3;

export async function copyThroughHere(copier: Copier, object: ListedObject, target: string): Promise<WrittenCopy> {
  return object.sizeBytes <= copier.settings.partBytes
    ? copyWhole(copier, object, target)
    : copyInParts(copier, object, target);
}

async function copyWhole(copier: Copier, object: ListedObject, target: string): Promise<WrittenCopy> {
  const { vault, signal } = copier;
  const held = await processBudget.reserve(object.sizeBytes, signal);
  try {
    const { attributes, tagCount, ...body } = await read(copier, object, { etag: object.etag }, object.sizeBytes);
    const tags = await tagsOf(copier, object.key, tagCount);
    const written = await vault.put(target, body, { attributes, signal });
    return { ...written, sha256: body.sha256, tags };
  } finally {
    held.release();
  }
}

async function copyInParts(copier: Copier, object: ListedObject, target: string): Promise<WrittenCopy> {
  const { mirror, vault, settings, signal } = copier;
  const described = await mirror.from.describe(object.key, { signal });
  if (!described) throw new BackupError('object-missing', `${JSON.stringify(object.key)} is not there any more`);
  const tags = await tagsOf(copier, object.key, described.tagCount);
  const sizeBytes = Math.max(settings.partBytes, Math.ceil(object.sizeBytes / MAX_PARTS));
  const upload = await vault.beginParts(target, { attributes: described.attributes, signal });
  const places = partPlaces(object.sizeBytes, sizeBytes);
  const { written, sha256 } = await inParts(upload, places, PARTS_AT_ONCE, signal, async ({ number, start, end }) => {
    const held = await processBudget.reserve(end - start + 1, signal);
    try {
      const part = await read(copier, object, { etag: object.etag, range: { start, end } }, end - start + 1);
      await upload.send(number, part, signal);
      return part.sha256;
    } finally {
      held.release();
    }
  });
  return { ...written, parts: { sizeBytes, sha256 }, tags };
}

/** Exactly so many bytes, in memory, with their digest. */
async function read(
  copier: Copier,
  object: ListedObject,
  options: OpenOptions,
  sizeBytes: number,
): Promise<DigestedBytes & { attributes: Attributes; tagCount: number }> {
  const { mirror, bandwidth, signal } = copier;
  for (let reads = 1; ; reads++) {
    await bandwidth.take(sizeBytes, signal);
    const opened = await mirror.from.open(object.key, { ...options, signal });
    try {
      const bytes = await readExactly(opened.body, sizeBytes);
      const wrong = damage(bytes, opened, options);
      if (wrong === undefined) {
        const { attributes, tagCount } = opened;
        return { bytes, sha256: sha256Of(bytes), attributes, tagCount };
      }
      if (reads === MOST_READS) throw brokenOff(object.key, wrong);
    } catch (error) {
      signal.throwIfAborted();
      if (reads === MOST_READS || error instanceof BackupError)
        throw brokenOff(object.key, (error as Error).message, error);
    } finally {
      opened.body.destroy();
    }
  }
}

async function readExactly(body: Readable, sizeBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let readBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    readBytes += chunk.length;
    if (readBytes > sizeBytes) break;
    chunks.push(chunk);
  }
  if (readBytes !== sizeBytes) throw new Error(`it gave ${readBytes} of ${sizeBytes} bytes`);
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

/** What the source itself says of the whole: its SHA-256, or an ETag that is an MD5. */
function damage(bytes: Buffer, { sha256, etag, md5Etag }: OpenedSource, { range }: OpenOptions): string | undefined {
  if (range) return undefined;
  if (sha256 !== undefined) {
    return sha256 === sha256Of(bytes) ? undefined : `its SHA-256 is not ${sha256}, as the source says`;
  }
  if (!md5Etag) return undefined;
  const md5 = createHash('md5').update(bytes).digest('hex');
  return etag.includes(md5) ? undefined : `its MD5 is ${md5}, the ETag is ${etag}`;
}

function tagsOf({ mirror, signal }: Copier, key: string, tagCount: number): Promise<ObjectTags> | ObjectTags {
  return mirror.tags === 'keep' && tagCount > 0 ? mirror.from.tags(key, { signal }) : {};
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function brokenOff(key: string, detail: string, cause?: unknown): BackupError {
  return new BackupError('store-failed', `could not read ${JSON.stringify(key)} whole`, { detail, cause });
}
