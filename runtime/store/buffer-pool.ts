/**
 * Part buffers that are used again: a fresh 8 MiB buffer costs more CPU in page faults than copying into it does, and the
 * garbage collector would let dead ones pile up.
 *
 * A buffer may be given back while a broken connection still has it in its queue: such a request carries the digest of
 * what it was signed for, so a store refuses anything else.
 */
export class BufferPool {
  private idle: Buffer[] = [];
  private idleBytes = 0;

  /** Keeps at most `limitBytes` for later. */
  constructor(private readonly limitBytes: number) {}

  /** A buffer of exactly `sizeBytes`, with anything in it. */
  take(sizeBytes: number): Buffer {
    const found = this.idle.findIndex((buffer) => buffer.length === sizeBytes);
    if (found >= 0) {
      this.idleBytes -= sizeBytes;
      return this.idle.splice(found, 1)[0];
    }
    // Parts have grown: buffers of the old size would only add to the memory.
    if (this.idleBytes + sizeBytes > this.limitBytes) this.clear();
    return Buffer.allocUnsafeSlow(sizeBytes);
  }

  give(buffer: Buffer): void {
    if (this.idleBytes + buffer.length > this.limitBytes) return;
    this.idle.push(buffer);
    this.idleBytes += buffer.length;
  }

  private clear(): void {
    this.idle = [];
    this.idleBytes = 0;
  }
}
