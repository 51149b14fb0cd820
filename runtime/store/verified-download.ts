import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { StoredObject } from '../../model';
import { BackupError } from '../errors';
import { damaged } from './part-fetch';
import { processBudget, type PartBudget } from './part-budget';
import { ReadAhead } from './read-ahead';
import type { ObjectStore } from './store';

/**
 * A stored object as a stream that never gives a wrong byte: each part is fetched whole (several at once, by range, of exactly
 * the version that was written) and compared with its SHA-256 before its first byte is handed on; the end is signalled
 * only when the SHA-256 of the whole agrees too.
 *
 * It fails with `object-missing`, or with `object-damaged` naming the key, the part and both digests. Memory: the budget for
 * what is read ahead, and one part for each open download (uploads write digests for 32 MiB at most).
 */
export function openVerified(store: ObjectStore, object: StoredObject, options: DownloadOptions = {}): Readable {
  const stop = new AbortController();
  const chunks = verifiedChunks(store, object, stop.signal, options);
  const readable = new Readable({
    read() {
      // A Readable asks again only after a push, so there is one step at a time.
      chunks.next().then(
        ({ value }) => this.push(value ?? null),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      stop.abort(error ?? new BackupError('terminated', `the reading of ${JSON.stringify(object.key)} was given up`));
      options.signal?.removeEventListener('abort', onAbort);
      const closed = () => callback(error);
      chunks.return(undefined).then(closed, closed);
    },
  });
  const onAbort = () => readable.destroy(options.signal?.reason as Error);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  return readable;
}

export interface DownloadOptions {
  /** Parts fetched at once, at most; default 3: each costs its memory twice, as it arrives and joined. The budget may allow fewer, but never none. */
  readonly parallel?: number;
  readonly signal?: AbortSignal;
  /** Memory for parts read ahead; by default one that all streams of the process share. */
  readonly budget?: PartBudget;
}

async function* verifiedChunks(
  store: ObjectStore,
  object: StoredObject,
  signal: AbortSignal,
  { parallel = 3, budget = processBudget }: DownloadOptions,
): AsyncGenerator<Buffer, undefined> {
  checkParts(object);
  const whole = createHash('sha256');
  const ahead = new ReadAhead(store, object, { parallel, budget, signal });
  try {
    for (let part = await ahead.next(); part; part = await ahead.next()) {
      try {
        for (const chunk of part.chunks) {
          whole.update(chunk);
          yield chunk;
        }
      } finally {
        part.release();
      }
    }
    const found = whole.digest('hex');
    if (found !== object.sha256) {
      throw damaged(object, 'the whole', `its SHA-256 is ${found}, the manifest says ${object.sha256}`);
    }
  } finally {
    ahead.stop();
  }
  return undefined;
}

/** The parts must make the object, or a manifest could leave some of it out. */
function checkParts({ key, parts, sizeBytes }: StoredObject): void {
  const sumBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  const possible = parts.every((part) => Number.isSafeInteger(part.sizeBytes) && part.sizeBytes > 0);
  if (possible && parts.length > 0 && sumBytes === sizeBytes) return;
  throw new BackupError('manifest-invalid', `the parts of ${JSON.stringify(key)} do not make the object`, {
    detail: `${parts.length} parts of ${sumBytes} bytes together; the object has ${sizeBytes}`,
  });
}
