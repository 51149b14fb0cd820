/** Lots that can be drawn again: by the same seed the same are drawn. Not for secrets. */
import { createHash } from 'node:crypto';

/** So many of each are tried where nothing else is said, or one in a hundred where that is more. */
const SAMPLE_ITEMS = 100;
const SAMPLE_SHARE = 0.01;
export const LARGEST_SEED = 2 ** 31;

export class Lots {
  private drawn = 0;

  constructor(readonly seed: number) {}

  /** From 0, below 1. */
  next(): number {
    this.drawn += 1;
    const digest = createHash('sha256').update(`${this.seed} ${this.drawn}`).digest();
    return digest.readUIntBE(0, 6) / 2 ** 48;
  }

  /** One of them. */
  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)];
  }
}

export function seedByTheClock(now: Date): number {
  return now.getTime() % LARGEST_SEED;
}

export function sampleSize(of: number, wanted?: number): number {
  return Math.min(of, wanted ?? Math.max(SAMPLE_ITEMS, Math.ceil(of * SAMPLE_SHARE)));
}

/** Takes exactly so many of what comes by one after the other, each with the same chance; holds none of it. */
export class Sample {
  private left: number;
  private wanted: number;

  constructor(
    private readonly lots: Lots,
    { of, wanted }: { readonly of: number; readonly wanted: number },
  ) {
    this.left = of;
    this.wanted = Math.min(wanted, of);
  }

  takesNext(): boolean {
    const takes = this.left > 0 && this.lots.next() * this.left < this.wanted;
    this.left -= 1;
    if (takes) this.wanted -= 1;
    return takes;
  }
}
