import { EXIT } from '../../model';
import { BackupError } from '../errors';
import { crc32Base64 } from './crc32';
import { isAmbiguous, isConnectionFailure, sdkError, storeError, type Attempt } from './s3-errors';
import type { ObjectDescription, WrittenVersion } from './store';

/** What was sent, and must be found. */
export interface Expected {
  readonly sizeBytes: number;
  readonly crc32: number;
}

/**
 * Settles a write whose answer was lost: the store may have committed it, and the repetition was then refused because the key
 * exists (412) or the upload is gone (404). Looks whether the key holds what was sent.
 *
 * @param refused what the write ended with; given back as an error when it was a plain refusal.
 * @param head describes the key's object, or fails as the role may not read.
 * @returns the version that was written after all.
 * @throws `store-conflict` when the key holds other content; `upload-unconfirmed` (exit 3) when it cannot be found out.
 */
export async function confirmWrite(
  refused: unknown,
  attempt: Attempt,
  expected: Expected,
  head: () => Promise<ObjectDescription | undefined>,
): Promise<WrittenVersion> {
  // Somebody who was told to end does not go on looking.
  if (attempt.signal?.aborted || !mayHaveWritten(refused)) throw storeError(refused, attempt);
  let found: ObjectDescription | undefined;
  try {
    found = await head();
  } catch (unreadable) {
    // The store is gone altogether: that is the better thing to say.
    if (isConnectionFailure(refused) && isConnectionFailure(unreadable)) throw storeError(refused, attempt);
    throw unconfirmed(refused, attempt, `Reading it back failed: ${sdkError(unreadable).message}`);
  }
  if (!found) throw storeError(refused, attempt);
  if (found.sizeBytes !== expected.sizeBytes) throw conflict(refused, attempt, found, expected);
  if (found.crc32 === undefined) {
    throw unconfirmed(refused, attempt, 'An object of the same size is there, but the store keeps no checksum of it.');
  }
  if (found.crc32 !== crc32Base64(expected.crc32)) throw conflict(refused, attempt, found, expected);
  return { versionId: found.versionId, etag: found.etag };
}

/** A refusal of the very first attempt is somebody else's doing; one of a repetition may be our own first attempt's. */
function mayHaveWritten(refused: unknown): boolean {
  const { name, $metadata } = sdkError(refused);
  if (name === 'NoSuchUpload' || isAmbiguous(refused)) return true;
  return $metadata?.httpStatusCode === 412 && ($metadata.attempts ?? 1) > 1;
}

function unconfirmed(refused: unknown, attempt: Attempt, why: string): BackupError {
  return new BackupError(
    'upload-unconfirmed',
    `could not find out whether ${JSON.stringify(attempt.key)} was written`,
    {
      detail: `${storeError(refused, attempt).detail ?? ''}\n${why}`,
      hint: 'It counts as not written. Look at the key as somebody who may read the vault, or run the backup again.',
      exitCode: EXIT.unverified,
      cause: refused,
    },
  );
}

function conflict(refused: unknown, attempt: Attempt, found: ObjectDescription, expected: Expected): BackupError {
  return new BackupError(
    'store-conflict',
    `${JSON.stringify(attempt.key)} in ${attempt.uri} holds other content than was written`,
    {
      detail:
        `found ${found.sizeBytes} bytes with CRC-32 ${found.crc32 ?? 'unknown'}, ` +
        `wrote ${expected.sizeBytes} bytes with CRC-32 ${crc32Base64(expected.crc32)}`,
      hint: 'Another run wrote the key; nothing was written over. Two backups must not share a prefix.',
      cause: refused,
    },
  );
}
