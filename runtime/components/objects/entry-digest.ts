import { createHash, type Hash } from 'node:crypto';
import type { InventoryEntry } from '../../../model';
import { BackupError } from '../../errors';

/**
 * Holds the bytes of a mirrored object against what its inventory says, as they pass: each part as soon as it is whole, and
 * the size and the last part at the end. Throws `object-damaged`.
 */
export class EntryDigest {
  private readonly partBytes: number;
  /** Nothing, where no digest is known: then the size alone is held against. */
  private readonly expected: readonly string[] | undefined;
  private hash: Hash = createHash('sha256');
  private seenBytes = 0;
  private parts = 0;

  constructor(private readonly entry: InventoryEntry) {
    const { parts, sha256, sizeBytes, digest } = entry;
    this.partBytes = parts?.sizeBytes ?? sizeBytes;
    this.expected = digest === 'unknown' ? undefined : (parts?.sha256 ?? [sha256 ?? '']);
  }

  update(bytes: Buffer): void {
    for (let offset = 0; offset < bytes.length;) {
      const left = (this.parts + 1) * this.partBytes - this.seenBytes;
      if (left <= 0) throw this.damaged(`it has more than ${this.entry.sizeBytes} bytes`);
      const piece = bytes.subarray(offset, offset + left);
      this.hash.update(piece);
      this.seenBytes += piece.length;
      offset += piece.length;
      if (piece.length === left && this.seenBytes < this.entry.sizeBytes) this.endPart();
    }
  }

  finish(): void {
    if (this.seenBytes !== this.entry.sizeBytes) {
      throw this.damaged(`it has ${this.seenBytes} bytes, the inventory says ${this.entry.sizeBytes}`);
    }
    this.endPart();
  }

  private endPart(): void {
    const found = this.hash.digest('hex');
    const expected = this.expected?.at(this.parts);
    this.parts++;
    if (this.expected && found !== expected) {
      throw this.damaged(
        `SHA-256 of part ${this.parts} is ${found}, the inventory says ${expected ?? 'nothing of it'}`,
      );
    }
    this.hash = createHash('sha256');
  }

  private damaged(detail: string): BackupError {
    return damagedObject(this.entry, detail);
  }
}

export function damagedObject({ key }: Pick<InventoryEntry, 'key'>, detail: string): BackupError {
  return new BackupError('object-damaged', `${JSON.stringify(key)} is not what was mirrored`, {
    detail,
    hint: 'Take it from another recovery point, or from a copy of the vault.',
  });
}
