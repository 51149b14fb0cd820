import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TarHead } from './tar-head';
import { BLOCK_BYTES, damaged } from './tar-head';

/** The SHA-256 of a file's content as `sha256sum` computes it, from what an archive holds of it: holes are zeros. */
export interface ContentDigest {
  push(stored: Buffer): Promise<void>;
  /** Hex. */
  end(): Promise<string>;
}

export function contentDigest(head: Pick<TarHead, 'isSparse' | 'sizeBytes' | 'path'>): ContentDigest {
  return head.isSparse ? new SparseDigest(head.sizeBytes) : new PlainDigest();
}

class PlainDigest implements ContentDigest {
  private readonly hash = createHash('sha256');

  async push(stored: Buffer): Promise<void> {
    this.hash.update(stored);
  }

  async end(): Promise<string> {
    return this.hash.digest('hex');
  }
}

/** A map of sixteen million stretches: no file system has a file like that. */
const MAXIMUM_MAP_BYTES = 256 * 1024 * 1024;
const ZEROS = Buffer.alloc(1024 * 1024);
/** After so many zeros others get their turn. */
const ZEROS_A_TURN = 64;

/**
 * GNU's sparse format 1.0: decimal numbers, one a line, padded to a block: how many stretches, then where each begins and how long
 * it is; then the stretches.
 */
class SparseDigest implements ContentDigest {
  private readonly hash = createHash('sha256');
  private mapBytes: Buffer[] = [];
  private mapSize = 0;
  private stretches: readonly { readonly start: number; readonly sizeBytes: number }[] | undefined;
  private stretch = 0;
  /** Of the stretch, hashed already. */
  private within = 0;
  private position = 0;

  constructor(private readonly sizeBytes: number) {}

  async push(stored: Buffer): Promise<void> {
    if (this.stretches) return this.pushContent(stored);
    this.mapBytes.push(stored);
    this.mapSize += stored.length;
    if (this.mapSize > MAXIMUM_MAP_BYTES) throw damaged('the map of holes of a file has no end');
    const known = Buffer.concat(this.mapBytes);
    this.mapBytes = [known];
    const map = readMap(known, this.sizeBytes);
    if (map === 'incomplete') return;
    this.stretches = map.stretches;
    this.mapBytes = [];
    await this.pushContent(known.subarray(map.endBytes));
  }

  async end(): Promise<string> {
    if (!this.stretches) throw damaged('a file ends inside the map of its holes');
    await this.openStretch();
    if (this.stretch < this.stretches.length) throw damaged('a file ends before its content');
    await this.hashZeros(this.sizeBytes - this.position);
    return this.hash.digest('hex');
  }

  private async pushContent(stored: Buffer): Promise<void> {
    for (let at = 0; at < stored.length;) {
      const stretch = await this.openStretch();
      if (!stretch) throw damaged('a file has more content than the map of its holes says');
      const piece = stored.subarray(at, at + stretch.sizeBytes - this.within);
      this.hash.update(piece);
      this.within += piece.length;
      this.position += piece.length;
      at += piece.length;
    }
  }

  /** The stretch that the next byte belongs to; the hole before it is behind us then. */
  private async openStretch(): Promise<{ readonly start: number; readonly sizeBytes: number } | undefined> {
    for (;;) {
      const stretch = this.stretches?.[this.stretch];
      if (!stretch) return undefined;
      if (this.within < stretch.sizeBytes) {
        await this.hashZeros(stretch.start + this.within - this.position);
        return stretch;
      }
      this.stretch += 1;
      this.within = 0;
    }
  }

  private async hashZeros(sizeBytes: number): Promise<void> {
    this.position += sizeBytes;
    for (let left = sizeBytes, turn = 1; left > 0; left -= ZEROS.length, turn += 1) {
      this.hash.update(ZEROS.subarray(0, left));
      if (turn % ZEROS_A_TURN === 0) await nextTurn();
    }
  }
}

function readMap(known: Buffer, sizeBytes: number) {
  const numbers: number[] = [];
  let at = 0;
  // The first number says how many pairs follow.
  while (numbers.length === 0 || numbers.length < 1 + 2 * numbers[0]) {
    const end = known.indexOf(0x0a, at);
    if (end === -1) return 'incomplete';
    const value = Number(known.toString('latin1', at, end));
    if (!Number.isSafeInteger(value) || value < 0) throw damaged('the map of holes of a file holds no number');
    numbers.push(value);
    at = end + 1;
  }
  const endBytes = Math.ceil(at / BLOCK_BYTES) * BLOCK_BYTES;
  if (known.length < endBytes) return 'incomplete';
  const stretches = Array.from({ length: numbers[0] }, (_, index) => ({
    start: numbers[1 + 2 * index],
    sizeBytes: numbers[2 + 2 * index],
  }));
  let position = 0;
  for (const stretch of stretches) {
    if (stretch.start < position) throw damaged('the map of holes of a file goes backwards');
    position = stretch.start + stretch.sizeBytes;
  }
  if (position > sizeBytes) throw damaged('the map of holes of a file is longer than the file');
  return { stretches, endBytes };
}
