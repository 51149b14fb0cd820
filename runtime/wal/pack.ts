/** What is archived of the bytes of a file: their digest, and their compressed form. */
import { createHash } from 'node:crypto';
import type { WalContent } from './fetch-file';
import { compress } from './zstd-process';

export interface Packed {
  /** What was packed, uncompressed. */
  readonly content: WalContent;
  /** Compressed. */
  readonly stored: Buffer;
}

/** Compresses elsewhere, in a thread or a process, and takes the digest here meanwhile. */
export async function pack(bytes: Buffer, signal: AbortSignal): Promise<Packed> {
  const compressing = compress(bytes, signal);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { content: { sha256, sizeBytes: bytes.length }, stored: await compressing };
}
