import { setTimeout as delay } from 'node:timers/promises';

/** Holds transfers back to so many bytes a second, all of them together; a second's worth may go at once. */
export class Bandwidth {
  private freeAtMs = 0;

  constructor(
    private readonly bytesPerSecond: number | undefined,
    private readonly clock: () => number = () => performance.now(),
    private readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown> = (ms, signal) =>
      delay(ms, undefined, { signal }),
  ) {}

  /** Returns when so many bytes may be moved. */
  async take(sizeBytes: number, signal: AbortSignal): Promise<void> {
    if (this.bytesPerSecond === undefined) return;
    const nowMs = this.clock();
    const beginMs = Math.max(this.freeAtMs, nowMs - 1000);
    this.freeAtMs = beginMs + (sizeBytes / this.bytesPerSecond) * 1000;
    const waitMs = beginMs - nowMs;
    if (waitMs > 0) await this.sleep(waitMs, signal);
  }
}
