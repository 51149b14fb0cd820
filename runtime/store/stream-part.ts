import { createHash, type Hash } from 'node:crypto';
import type { StoredPart } from '../../model';
import { crc32 } from './crc32';
import type { PartBudget, Reservation } from './part-budget';
import { partSizeBytes } from './part-size';

/**
 * The most that one digest of the manifest covers. A reader holds that much before it hands on a byte, so it stays small
 * when the parts of the upload grow to gigabytes.
 */
export const MAX_DIGEST_BYTES = 32 * 1024 * 1024;

/** One part of a stream while it is being filled: its memory and its digests. */
export class StreamPart {
  private filledBytes = 0;
  private crc = 0;
  private readonly sha = createHash('sha256');
  private readonly blocks: StoredPart[] = [];
  private block: Hash | undefined;
  private buffer: Buffer | undefined;

  /** Waits until the budget admits a part of this number. */
  static async open(partNumber: number, budget: PartBudget, signal: AbortSignal): Promise<StreamPart> {
    const sizeBytes = partSizeBytes(partNumber);
    const reservation = await budget.reserve(sizeBytes, signal);
    return new StreamPart(partNumber, budget.buffers.take(sizeBytes), budget, reservation);
  }

  private constructor(
    readonly partNumber: number,
    buffer: Buffer,
    private readonly budget: PartBudget,
    private readonly reservation: Reservation,
  ) {
    this.buffer = buffer;
    if (buffer.length > MAX_DIGEST_BYTES) this.block = createHash('sha256');
  }

  get isFull(): boolean {
    return this.filledBytes === this.buffer?.length;
  }

  /** Takes what fits of `chunk`, feeds the same bytes to `whole`, and says how many they were. */
  append(chunk: Buffer, whole: Hash): number {
    const buffer = this.held();
    const blockLeftBytes = MAX_DIGEST_BYTES - (this.filledBytes % MAX_DIGEST_BYTES);
    const bytes = chunk.subarray(0, Math.min(buffer.length - this.filledBytes, blockLeftBytes));
    bytes.copy(buffer, this.filledBytes);
    this.filledBytes += bytes.length;
    this.sha.update(bytes);
    this.crc = crc32(bytes, this.crc);
    whole.update(bytes);
    this.block?.update(bytes);
    if (bytes.length === blockLeftBytes) this.endBlock(MAX_DIGEST_BYTES);
    return bytes.length;
  }

  /** What was filled, with its digests. The bytes are good until {@link release}. */
  finish(): FilledPart {
    const sizeBytes = this.filledBytes;
    const sha256 = this.sha.digest('hex');
    if (!this.block) this.blocks.push({ sizeBytes, sha256 });
    else if (sizeBytes % MAX_DIGEST_BYTES > 0) this.endBlock(sizeBytes % MAX_DIGEST_BYTES);
    return {
      partNumber: this.partNumber,
      bytes: this.held().subarray(0, sizeBytes),
      sizeBytes,
      sha256,
      crc32: this.crc,
      digests: this.blocks,
      isFull: this.isFull,
      release: () => this.release(),
    };
  }

  /** Gives the memory back. Safe to call twice. */
  release(): void {
    if (!this.buffer) return;
    this.budget.buffers.give(this.buffer);
    this.buffer = undefined;
    this.reservation.release();
  }

  private endBlock(sizeBytes: number): void {
    if (!this.block) return;
    this.blocks.push({ sizeBytes, sha256: this.block.digest('hex') });
    this.block = createHash('sha256');
  }

  private held(): Buffer {
    if (!this.buffer) throw new Error(`part ${this.partNumber} was released already`);
    return this.buffer;
  }
}

export interface FilledPart {
  readonly partNumber: number;
  readonly bytes: Buffer;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly crc32: number;
  /** What the manifest keeps of it; more than one where the part is larger than {@link MAX_DIGEST_BYTES}. */
  readonly digests: readonly StoredPart[];
  /** Only the last part of a stream is not. */
  readonly isFull: boolean;
  release(): void;
}
