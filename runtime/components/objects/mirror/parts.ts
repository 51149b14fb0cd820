/** Objects in parts: where each lies, and several of them on their way at once. */
import { toBackupError } from '../../../errors';
import type { BucketVersion, PartsUpload } from '../../../store/bucket';

export interface PartRange {
  /** From 1. */
  readonly number: number;
  readonly start: number;
  /** Inclusive. */
  readonly end: number;
}

export function partPlaces(wholeBytes: number, partBytes: number): PartRange[] {
  return Array.from({ length: Math.ceil(wholeBytes / partBytes) }, (_, index) => ({
    number: index + 1,
    start: index * partBytes,
    end: Math.min(wholeBytes, (index + 1) * partBytes) - 1,
  }));
}

/** Sends every part and completes the upload; aborts it when anything fails. Gives the digests of the parts, in order. */
export async function inParts(
  upload: PartsUpload,
  places: readonly PartRange[],
  atOnce: number,
  signal: AbortSignal,
  send: (place: PartRange) => Promise<string>,
): Promise<{ written: BucketVersion; sha256: string[] }> {
  const sha256: string[] = places.map(() => '');
  const wholeBytes = (places.at(-1)?.end ?? -1) + 1;
  const left = places[Symbol.iterator]();
  let failed = false;
  const worker = async () => {
    for (const place of left) {
      if (failed) return;
      signal.throwIfAborted();
      sha256[place.number - 1] = await send(place).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(atOnce, places.length) }, worker));
  try {
    const broken = ends.find((end) => end.status === 'rejected');
    if (broken) throw broken.reason;
    return { written: await upload.complete(signal, wholeBytes), sha256 };
  } catch (error) {
    // The bucket's lifecycle frees what cannot be freed now; the failure itself is what counts.
    await upload.abort().catch((leftover: unknown) => toBackupError(leftover));
    throw error;
  }
}
