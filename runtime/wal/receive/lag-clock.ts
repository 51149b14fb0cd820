/** How old the oldest log is that the server has and the archive has not: measured by one clock, ours. */
export class LagClock {
  /** Positions of the server in order, with when they were seen. */
  private seen: { readonly position: bigint; readonly atMs: number }[] = [];

  saw(position: bigint, atMs: number): void {
    // The oldest is what counts; while nothing is archived for long, the newest is written over.
    if (this.seen.length >= MOST_REMEMBERED) this.seen.pop();
    this.seen.push({ position, atMs });
  }

  seconds(archivedTo: bigint, nowMs: number): number {
    this.seen = this.seen.filter(({ position }) => position > archivedTo);
    return this.seen.length === 0 ? 0 : Math.max(0, (nowMs - this.seen[0].atMs) / 1000);
  }
}

/** An hour and a half of looks. */
const MOST_REMEMBERED = 1_000;
