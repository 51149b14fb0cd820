/** Brings one archived file to a path. It appears there whole, and only when its content is what was archived. */
import { createHash } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { WAL_METADATA, type WalFile } from '../../model';
import { BackupError } from '../errors';
import type { ObjectMetadata, ObjectStore, OpenedObject } from '../store/store';
import { contentProblem, readSegmentHeader, SEGMENT_HEADER_BYTES } from './segment-header';
import { decompress } from './zstd-process';

/** What an archived file holds, uncompressed. */
export interface WalContent {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface FetchRequest {
  readonly store: ObjectStore;
  readonly key: string;
  readonly file: WalFile;
  readonly systemIdentifier: string;
  readonly signal: AbortSignal;
}

/**
 * Fetches, decompresses, compares and only then gives the file its name.
 *
 * @param target written over when it is there.
 * @throws `object-missing` when it is not in the archive; `wal-damaged` when it is not what was archived, or not what its name says.
 */
export async function fetchWalFile(request: FetchRequest, target: string): Promise<WalContent> {
  const opened = await request.store.get(request.key, { signal: request.signal });
  const expected = contentOf(opened.metadata);
  if (!expected) {
    opened.body.destroy();
    throw damaged(request.key, 'the store has no digest of it');
  }
  const aside = `${target}.fetching-${process.pid}`;
  try {
    await writeAside(request, opened, expected, aside);
    await rename(aside, target);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  return expected;
}

/** The digest that was stored with a file; nothing when there is none that can be read. */
export function contentOf(metadata: ObjectMetadata = {}): WalContent | undefined {
  const { [WAL_METADATA.sha256]: sha256 = '', [WAL_METADATA.sizeBytes]: size = '' } = metadata;
  return /^[0-9a-f]{64}$/.test(sha256) && /^\d{1,10}$/.test(size) ? { sha256, sizeBytes: Number(size) } : undefined;
}

async function writeAside(
  request: FetchRequest,
  opened: OpenedObject,
  expected: WalContent,
  aside: string,
): Promise<void> {
  const handle = await open(aside, 'w', 0o600);
  try {
    const { content, beginning } = await writeContent(request, opened.body, expected, handle);
    if (content.sizeBytes !== expected.sizeBytes || content.sha256 !== expected.sha256) {
      const found = `${content.sizeBytes} bytes with SHA-256 ${content.sha256}`;
      throw damaged(request.key, `${found}; archived were ${expected.sizeBytes} with ${expected.sha256}`);
    }
    const problem = contentProblem(request.file, content.sizeBytes, beginning) ?? foreign(request, beginning);
    if (problem) throw damaged(request.key, problem);
    // What recovery has read it may rely on after a power cut.
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeContent(
  { key, signal }: FetchRequest,
  stored: Readable,
  expected: WalContent,
  handle: FileHandle,
): Promise<{ content: WalContent; beginning: Buffer }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let beginning = Buffer.alloc(0);
  try {
    for await (const chunk of decompress(stored, signal)) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > expected.sizeBytes) throw damaged(key, `it is larger than ${expected.sizeBytes} bytes`);
      if (beginning.length < SEGMENT_HEADER_BYTES) {
        beginning = Buffer.concat([beginning, chunk.subarray(0, SEGMENT_HEADER_BYTES)]);
      }
      await handle.writeFile(chunk);
    }
  } catch (error) {
    // The compressor refuses what is not whole.
    if (!(error instanceof BackupError) || error.code !== 'tool-failed') throw error;
    throw damaged(key, error.detail ?? error.message, error);
  }
  return { content: { sha256: hash.digest('hex'), sizeBytes }, beginning };
}

function foreign({ file, systemIdentifier }: FetchRequest, beginning: Buffer): string | undefined {
  if (file.kind === 'history' || file.kind === 'backup') return undefined;
  const found = readSegmentHeader(beginning)?.systemIdentifier;
  return found === systemIdentifier ? undefined : `it is of another cluster, ${found}`;
}

function damaged(key: string, detail: string, cause?: unknown): BackupError {
  return new BackupError('wal-damaged', `${JSON.stringify(key)} in the WAL archive is not what was archived`, {
    detail,
    hint: 'Look for an older version of the object, or for a copy of the vault; recovery cannot pass it.',
    cause,
  });
}
