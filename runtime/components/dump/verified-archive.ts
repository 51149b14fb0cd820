import { pipeline } from 'node:stream/promises';
import type { StoredObject } from '../../../model';
import { BackupError } from '../../errors';
import { parseArchiveHead, type ArchiveHead } from '../../postgres/archive/archive-head';
import type { Zstd } from '../../postgres/zstd';
import { lostItsReader, requireSuccess, startStage, type Stage, type StageExit } from '../../process/stage';
import type { ObjectStore } from '../../store/store';
import { openVerified } from '../../store/verified-download';

/** Where archives come from. */
export interface ArchiveOrigin {
  readonly store: ObjectStore;
  readonly zstd: Zstd;
  readonly signal: AbortSignal;
}

/** Who takes an archive, and what is made of its failure. */
export interface ArchiveConsumer {
  readonly consumer: Stage;
  /** A pg_restore with a list ends well as soon as it has the last of what is listed. */
  readonly reads: 'everything' | 'what it needs';
  readonly failure: (failed: StageExit) => BackupError;
  readonly onBytes: (sizeBytes: number) => void;
}

/**
 * Stored object → `zstd -d` → a process's stdin. Each part's digest is checked before a byte of it goes further, so what
 * the consumer gets is what was stored, or less with an error. Throws unless every process ended with 0.
 */
export async function feedVerified(
  origin: ArchiveOrigin,
  object: StoredObject,
  { consumer, reads, failure, onBytes }: ArchiveConsumer,
): Promise<void> {
  const decompressor = decompress(origin, consumer);
  const stages = [decompressor, consumer];
  const fed = await settle(feed(origin, object, decompressor, onBytes));
  // A store that failed leaves a cut stream: the consumer must not take its end for the archive's.
  if (fed && !brokenPipe(fed)) for (const stage of stages) stage.stop();
  const exits = await Promise.all(stages.map((stage) => stage.exited));
  if (fed && !brokenPipe(fed)) throw fed;
  const [decompressed, consumed] = exits;
  const hadEnough = reads === 'what it needs' && consumed.code === 0 && lostItsReader(decompressed);
  requireSuccess(hadEnough ? [consumed] : exits, failure, origin.signal);
  if (fed && !hadEnough) throw fed;
}

/** The decompressed bytes, to be read here. The returned function must be awaited after the last byte. */
export function openArchive(
  origin: ArchiveOrigin,
  object: StoredObject,
  onBytes: (sizeBytes: number) => void = () => undefined,
): { bytes: AsyncIterable<Buffer>; ended: () => Promise<void>; stop: () => Promise<void> } {
  const decompressor = decompress(origin, 'pipe');
  const feeding = settle(feed(origin, object, decompressor, onBytes));
  return {
    bytes: decompressor.stdout as AsyncIterable<Buffer>,
    ended: async () => {
      const fed = await feeding;
      if (fed && !brokenPipe(fed)) throw fed;
      requireSuccess([await decompressor.exited], (failed) => damagedFrame(object, failed), origin.signal);
      if (fed) throw fed;
    },
    stop: async () => {
      decompressor.stop();
      decompressor.stdout?.destroy();
      await Promise.all([feeding, decompressor.exited]);
    },
  };
}

/** Reads an archive's table of contents and stops. */
export async function readArchiveHead(origin: ArchiveOrigin, object: StoredObject): Promise<ArchiveHead> {
  const archive = openArchive(origin, object);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  let nextTryBytes = 0;
  try {
    for await (const chunk of archive.bytes) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes < nextTryBytes) continue;
      const head = parseArchiveHead(Buffer.concat(chunks));
      if (head !== 'incomplete') return head;
      nextTryBytes = sizeBytes * 2;
    }
    await archive.ended();
    const head = parseArchiveHead(Buffer.concat(chunks));
    if (head !== 'incomplete') return head;
    throw new BackupError('archive-damaged', `${object.key} ends inside its table of contents`);
  } finally {
    await archive.stop();
  }
}

function decompress(origin: ArchiveOrigin, stdout: 'pipe' | Stage): Stage {
  return startStage({
    name: 'zstd',
    file: origin.zstd.program,
    args: ['--decompress', '--quiet', '--stdout'],
    env: {},
    stdin: 'pipe',
    stdout,
    signal: origin.signal,
  });
}

async function feed(
  origin: ArchiveOrigin,
  object: StoredObject,
  decompressor: Stage,
  onBytes: (sizeBytes: number) => void,
): Promise<void> {
  const stream = openVerified(origin.store, object, { signal: origin.signal });
  stream.on('data', (chunk: Buffer) => onBytes(chunk.length));
  await pipeline(stream, decompressor.stdin as NodeJS.WritableStream);
}

async function settle(work: Promise<void>): Promise<Error | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** The reader went away; its own exit says why. */
function brokenPipe(error: Error): boolean {
  return ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  );
}

function damagedFrame(object: StoredObject, failed: StageExit): BackupError {
  return new BackupError('archive-damaged', `${object.key} does not decompress`, { detail: failed.lastWords.trim() });
}
