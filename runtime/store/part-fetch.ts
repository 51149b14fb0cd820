import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { StoredObject, StoredPart } from '../../model';
import { BackupError } from '../errors';
import type { ObjectStore } from './store';

/** One part of an object and where it lies. */
export interface PartPlace extends StoredPart {
  /** From 1, for people. */
  readonly number: number;
  readonly startByte: number;
}

/** The store repeats its requests itself; what ends in the middle of a body is repeated here. */
const MAX_ATTEMPTS = 3;
const RETRY_DELAY_MS = 250;

/** Fetches one part and compares it; gives its bytes only when they are those that were written. */
export async function fetchPart(
  store: ObjectStore,
  object: StoredObject,
  place: PartPlace,
  signal: AbortSignal,
): Promise<Buffer[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetchOnce(store, object, place, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BodyEndedEarly)) throw error;
      if (attempt === MAX_ATTEMPTS) throw damaged(object, partName(object, place), error.message, error.cause);
      await delay(RETRY_DELAY_MS * attempt, undefined, { signal });
    }
  }
}

export function damaged(object: StoredObject, what: string, detail: string, cause?: unknown): BackupError {
  return new BackupError(
    'object-damaged',
    `${JSON.stringify(object.key)} is damaged: ${what} is not what was written`,
    {
      detail,
      hint: 'Nothing of the damaged part was used. Restore another recovery point, or this one from a copy of the vault.',
      cause,
    },
  );
}

async function fetchOnce(
  store: ObjectStore,
  object: StoredObject,
  place: PartPlace,
  signal: AbortSignal,
): Promise<Buffer[]> {
  const range = { start: place.startByte, end: place.startByte + place.sizeBytes - 1 };
  const opened = await store.get(object.key, { versionId: object.versionId, range, signal });
  const name = partName(object, place);
  try {
    if (opened.wholeSizeBytes !== undefined && opened.wholeSizeBytes !== object.sizeBytes) {
      throw damaged(object, 'its size', `${opened.wholeSizeBytes} bytes, the manifest says ${object.sizeBytes}`);
    }
    if (opened.sizeBytes !== place.sizeBytes) {
      throw damaged(object, name, `the store gives ${opened.sizeBytes} bytes, the manifest says ${place.sizeBytes}`);
    }
    const { chunks, sha256 } = await readAll(opened.body, place.sizeBytes);
    if (sha256 === place.sha256) return chunks;
    throw damaged(object, name, `its SHA-256 is ${sha256}, the manifest says ${place.sha256}`);
  } finally {
    opened.body.destroy();
  }
}

/** Reads exactly so many bytes; never holds more, whatever the store sends. */
async function readAll(body: AsyncIterable<Buffer>, sizeBytes: number): Promise<{ chunks: Buffer[]; sha256: string }> {
  const chunks: Buffer[] = [];
  const sha = createHash('sha256');
  let readBytes = 0;
  try {
    for await (const chunk of body) {
      readBytes += chunk.length;
      if (readBytes > sizeBytes) break;
      sha.update(chunk);
      chunks.push(chunk);
    }
  } catch (error) {
    throw new BodyEndedEarly(`it broke off after ${readBytes} of ${sizeBytes} bytes`, { cause: error });
  }
  if (readBytes !== sizeBytes) throw new BodyEndedEarly(`it gave ${readBytes} of ${sizeBytes} bytes`);
  return { chunks, sha256: sha.digest('hex') };
}

/** The answer was good, its body was not: worth another try, because connections break. */
class BodyEndedEarly extends Error {}

function partName(object: StoredObject, place: PartPlace): string {
  return `part ${place.number} of ${object.parts.length}`;
}
