import { createCipheriv } from 'node:crypto';

/** Random numbers from a seed (mulberry32), so that a failing run can be run again. Not for secrets. */
export class Seeded {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed >>> 0;
  }

  /** From 0, below 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0, below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** Bytes that no compressor makes smaller. */
  bytes(sizeBytes: number): Buffer {
    const key = Buffer.alloc(16);
    key.writeUInt32LE(this.below(2 ** 32));
    return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}
