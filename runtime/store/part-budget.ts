import { BufferPool } from './buffer-pool';

const MIB = 1024 * 1024;

/**
 * Memory for parts on their way, for all uploads and downloads of a process together: six parts of 8 MiB. Measured with
 * a stream of 1 GiB: about 155 MiB for the whole Node process, of which 67 before the first byte.
 */
export const DEFAULT_BUDGET_BYTES = 48 * MIB;

/**
 * How many bytes of parts may be in memory at once. Uploads and downloads that share a budget share the memory, so it
 * does not grow with their number. One part is always admitted, however large, or a stream could never end.
 */
export class PartBudget {
  /** The uploads' part buffers, used again and again. */
  readonly buffers: BufferPool;
  private reservedBytes = 0;
  private readonly waiting: Waiter[] = [];

  constructor(readonly limitBytes: number = DEFAULT_BUDGET_BYTES) {
    if (!(limitBytes > 0)) throw new RangeError(`a part budget is a positive number of bytes, not ${limitBytes}`);
    this.buffers = new BufferPool(limitBytes);
  }

  /** Waits in line until `sizeBytes` fit. Rejects with the signal's reason when it fires first. */
  async reserve(sizeBytes: number, signal?: AbortSignal): Promise<Reservation> {
    signal?.throwIfAborted();
    if (this.waiting.length === 0 && this.fits(sizeBytes)) return this.reserveNow(sizeBytes);
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(signal?.reason as Error);
        this.admitWaiting();
      };
      const waiter: Waiter = {
        sizeBytes,
        admit: () => {
          signal?.removeEventListener('abort', giveUp);
          resolve(this.reserveNow(sizeBytes));
        },
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.waiting.push(waiter);
    });
  }

  /** Reserves if it fits this moment and nobody waits; nothing otherwise. For reading ahead, which can be left out. */
  tryReserve(sizeBytes: number): Reservation | undefined {
    return this.waiting.length === 0 && this.fits(sizeBytes) ? this.reserveNow(sizeBytes) : undefined;
  }

  /** Reserves even beyond the limit. For the one part a reader cannot go on without. */
  reserveNow(sizeBytes: number): Reservation {
    this.reservedBytes += sizeBytes;
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        this.reservedBytes -= sizeBytes;
        this.admitWaiting();
      },
    };
  }

  private fits(sizeBytes: number): boolean {
    return this.reservedBytes === 0 || this.reservedBytes + sizeBytes <= this.limitBytes;
  }

  private admitWaiting(): void {
    while (this.waiting.length > 0 && this.fits(this.waiting[0].sizeBytes)) this.waiting.shift()?.admit();
  }
}

export interface Reservation {
  /** Gives the bytes back. Safe to call twice. */
  release(): void;
}

interface Waiter {
  readonly sizeBytes: number;
  readonly admit: () => void;
}

/** What is used where no other budget is given: one for the process. */
export const processBudget = new PartBudget();
