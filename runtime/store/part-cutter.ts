import { createHash } from 'node:crypto';
import type { StoredPart } from '../../model';
import { BackupError } from '../errors';
import { crc32Base64, crc32OfWhole } from './crc32';
import type { PartBudget } from './part-budget';
import { MAX_PARTS, MAX_STREAM_BYTES } from './part-size';
import { StreamPart, type FilledPart } from './stream-part';
import { untilAborted } from './until-aborted';
import type { ReceivedStream } from './verified-stream';

/** Cuts a stream into the parts of an upload and takes every digest in the same pass. */
export class PartCutter {
  private readonly whole = createHash('sha256');
  private readonly digests: StoredPart[] = [];
  private readonly crcs: { crc32: number; sizeBytes: number }[] = [];
  private sizeBytes = 0;

  constructor(
    private readonly key: string,
    private readonly budget: PartBudget,
    private readonly signal: AbortSignal,
  ) {}

  /** The parts in order. Whoever takes one releases it. No chunk is asked for while no memory is free for it. */
  async *cut(stream: AsyncIterable<Buffer>): AsyncGenerator<FilledPart> {
    let open: StreamPart | undefined;
    try {
      for await (const chunk of untilAborted(stream, this.signal)) {
        for (let offset = 0; offset < chunk.length;) {
          open ??= await this.openNext();
          offset += open.append(chunk.subarray(offset), this.whole);
          if (!open.isFull) continue;
          const full = this.finish(open);
          open = undefined;
          yield full;
        }
      }
      if (!open) return;
      const last = this.finish(open);
      open = undefined;
      yield last;
    } finally {
      open?.release();
    }
  }

  /** What was cut, once the stream has ended. */
  received(): ReceivedStream {
    return {
      key: this.key,
      sizeBytes: this.sizeBytes,
      sha256: this.whole.digest('hex'),
      crc32: crc32Base64(this.wholeCrc32()),
      parts: this.digests,
    };
  }

  wholeCrc32(): number {
    return crc32OfWhole(this.crcs);
  }

  private async openNext(): Promise<StreamPart> {
    const partNumber = this.crcs.length + 1;
    if (partNumber > MAX_PARTS) {
      throw new BackupError('store-failed', `the stream of ${JSON.stringify(this.key)} is too large for one object`, {
        detail: `An object takes ${MAX_PARTS} parts, here ${MAX_STREAM_BYTES} bytes in all.`,
        hint: 'Divide it: dump with more jobs, so that the tables go into several archives.',
      });
    }
    return StreamPart.open(partNumber, this.budget, this.signal);
  }

  private finish(part: StreamPart): FilledPart {
    const filled = part.finish();
    this.sizeBytes += filled.sizeBytes;
    this.digests.push(...filled.digests);
    this.crcs.push({ crc32: filled.crc32, sizeBytes: filled.sizeBytes });
    return filled;
  }
}
