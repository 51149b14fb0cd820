/** Copies from another store: read only while it is still the object that was listed, digested, and written with the digest. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { BackupError } from '../../../errors';
import type {
  Attributes,
  DigestedBytes,
  ListedObject,
  OpenedSource,
  OpenOptions,
  PartsUpload,
} from '../../../store/bucket';
import { processBudget } from '../../../store/part-budget';
import { MAX_PARTS } from '../../../store/part-size';
import type { ObjectTags } from '../../../store/store';
import type { Copier, WrittenCopy } from './copier';
import { inParts, partPlaces, type PartRange } from './parts';

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
    const { attributes, tagCount, ...body } = await reading(copier, object, object.sizeBytes, (opened) =>
      readWhole(opened, object),
    );
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
  const upload = await vault.beginParts(target, { attributes: described.attributes, checksum: 'of the whole', signal });
  const places = partPlaces(object.sizeBytes, sizeBytes);
  const { written, sha256 } = await inParts(upload, places, PARTS_AT_ONCE, signal, (place) =>
    sendPart(copier, object, upload, place),
  );
  return { ...written, parts: { sizeBytes, sha256 }, tags };
}

async function sendPart(
  copier: Copier,
  object: ListedObject,
  upload: PartsUpload,
  { number, start, end }: PartRange,
): Promise<string> {
  const { signal } = copier;
  const sizeBytes = end - start + 1;
  const held = await processBudget.reserve(sizeBytes, signal);
  const bytes = processBudget.buffers.take(sizeBytes);
  try {
    const sha256 = await reading(copier, object, sizeBytes, ({ body }) => readInto(bytes, body), { start, end });
    await upload.send(number, { bytes, sha256 }, signal);
    return sha256;
  } finally {
    processBudget.buffers.give(bytes);
    held.release();
  }
}

/** Opens it while it is still the object that was listed, as often as it takes to get it whole. */
async function reading<T>(
  { mirror, bandwidth, signal }: Copier,
  { key, etag, versionId }: ListedObject,
  sizeBytes: number,
  receive: (opened: OpenedSource) => Promise<T>,
  range?: OpenOptions['range'],
): Promise<T> {
  for (let reads = 1; ; reads++) {
    await bandwidth.take(sizeBytes, signal);
    const opened = await mirror.from.open(key, { etag, versionId, range, signal });
    try {
      return await receive(opened);
    } catch (error) {
      signal.throwIfAborted();
      const isDamage = error instanceof BackupError && error.code === 'object-damaged';
      if (reads < MOST_READS && (isDamage || !(error instanceof BackupError))) continue;
      throw isDamage ? error : brokenOff(key, (error as Error).message, error);
    } finally {
      opened.body.destroy();
    }
  }
}

/** Exactly so many bytes, in memory, with their digest. */
async function readWhole(
  opened: OpenedSource,
  { key, sizeBytes }: ListedObject,
): Promise<DigestedBytes & { attributes: Attributes; tagCount: number }> {
  const bytes = await readExactly(opened.body, sizeBytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const wrong = damage(bytes, sha256, opened);
  if (wrong !== undefined) {
    throw new BackupError('object-damaged', `${JSON.stringify(key)} is not what its store says it is`, {
      detail: wrong,
    });
  }
  const { attributes, tagCount } = opened;
  return { bytes, sha256, attributes, tagCount };
}

async function readExactly(body: Readable, sizeBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let readBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    readBytes += chunk.length;
    if (readBytes > sizeBytes) break;
    chunks.push(chunk);
  }
  if (readBytes !== sizeBytes) throw notExactly(readBytes, sizeBytes);
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

/** Fills the buffer, and gives the digest of what it holds then. Digested as it comes: it is in the processor's cache. */
async function readInto(bytes: Buffer, body: Readable): Promise<string> {
  const hash = createHash('sha256');
  let readBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (readBytes + chunk.length > bytes.length) throw notExactly(readBytes + chunk.length, bytes.length);
    hash.update(chunk);
    readBytes += chunk.copy(bytes, readBytes);
  }
  if (readBytes !== bytes.length) throw notExactly(readBytes, bytes.length);
  return hash.digest('hex');
}

function notExactly(readBytes: number, sizeBytes: number): Error {
  return new Error(`it gave ${readBytes} of ${sizeBytes} bytes`);
}

/** What the source itself says of the whole: its SHA-256, or an ETag that is an MD5. */
function damage(bytes: Buffer, found: string, { sha256, etag, md5Etag }: OpenedSource): string | undefined {
  if (sha256 !== undefined) return sha256 === found ? undefined : `its SHA-256 is not ${sha256}, as the source says`;
  if (!md5Etag) return undefined;
  const md5 = createHash('md5').update(bytes).digest('hex');
  return etag.includes(md5) ? undefined : `its MD5 is ${md5}, the ETag is ${etag}`;
}

function tagsOf({ mirror, signal }: Copier, key: string, tagCount: number): Promise<ObjectTags> | ObjectTags {
  return mirror.tags === 'keep' && tagCount > 0 ? mirror.from.tags(key, { signal }) : {};
}

function brokenOff(key: string, detail: string, cause?: unknown): BackupError {
  return new BackupError('store-failed', `could not read ${JSON.stringify(key)} whole`, { detail, cause });
}
