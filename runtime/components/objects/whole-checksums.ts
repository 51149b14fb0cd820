import { createHash } from 'node:crypto';
import { crc32, crc32Base64 } from '../../store/crc32';

/** What a store keeps of the whole of an object: each absent where it keeps none, or one of parts. Base64, as its headers have them. */
export interface KeptChecksums {
  readonly sha256?: string;
  readonly crc32?: string;
}

/**
 * Holds the bytes of an object of which no digest was ever ours against the checksums that S3 keeps of the whole. Where it keeps
 * none, nothing proves the bytes.
 */
export class WholeChecksums {
  private readonly hash = createHash('sha256');
  private crc = 0;
  private seenBytes = 0;

  update(bytes: Buffer): void {
    this.hash.update(bytes);
    this.crc = crc32(bytes, this.crc);
    this.seenBytes += bytes.length;
  }

  /** To be asked once, at the end. */
  judge(kept: KeptChecksums, sizeBytes: number): 'good' | 'unproven' | { readonly wrong: string } {
    if (this.seenBytes !== sizeBytes) return { wrong: `${this.seenBytes} of its ${sizeBytes} bytes could be read` };
    const found = { sha256: this.hash.digest('base64'), crc32: crc32Base64(this.crc) };
    const names = (['sha256', 'crc32'] as const).filter((name) => kept[name] !== undefined);
    const wrong = names.find((name) => kept[name] !== found[name]);
    if (wrong !== undefined) return { wrong: `the ${wrong} of its bytes is ${found[wrong]}, S3 keeps ${kept[wrong]}` };
    return names.length === 0 ? 'unproven' : 'good';
  }
}
