/** How fast bytes go by now: the mean of the last seconds, so that a stall shows and one slow second does not. */
export class RateMeter {
  private readonly samples: { atMs: number; bytes: number }[] = [];

  constructor(
    private readonly windowMs = 8_000,
    private readonly sampleEveryMs = 250,
  ) {}

  /** Tells how many bytes there were in all at a moment. Keeps `windowMs / sampleEveryMs` samples, no more. */
  record(atMs: number, bytes: number): void {
    const last = this.samples.at(-1);
    if (last && atMs - last.atMs < this.sampleEveryMs) return;
    this.samples.push({ atMs, bytes });
    while (this.samples.length > 2 && atMs - this.samples[0].atMs > this.windowMs) this.samples.shift();
  }

  /** Nothing while too little is known. */
  bytesPerSecond(atMs: number, bytes: number): number | undefined {
    const first = this.samples[0];
    if (!first || atMs - first.atMs < 1_000) return undefined;
    return ((bytes - first.bytes) * 1000) / (atMs - first.atMs);
  }
}
