/** A clock that stands still until it is moved: what is due on the way happens in order, each at its own moment. */

export type Work = () => void | Promise<void>;

interface Timer {
  readonly atMs: number;
  /** Of two that are due at once, the one that was set first happens first. */
  readonly order: number;
  readonly work: Work;
}

/** Timers in a row at one moment: more than that is a timer that sets itself again without end. */
const MOST_AT_ONE_MOMENT = 100_000;

export class Clock {
  private ms: number;
  private isMoving = false;
  private counter = 0;
  /** The soonest last, so that it is taken from the end. */
  private readonly timers: Timer[] = [];

  constructor(start: Date) {
    this.ms = checked(start);
  }

  readonly now = (): Date => new Date(this.ms);

  /**
   * Does the work when the clock gets there; at once with the next move when that moment is over. Gives what takes it back.
   */
  at(date: Date, work: Work): () => void {
    const timer = { atMs: checked(date), order: (this.counter += 1), work };
    this.timers.splice(this.placeOf(timer), 0, timer);
    return () => {
      const index = this.timers.indexOf(timer);
      if (index >= 0) this.timers.splice(index, 1);
    };
  }

  /**
   * Moves the clock, and does on the way what is due until then, that moment included; what that sets in turn, too. Ends when
   * all of it ended, and throws what any of it throws: the clock stands at that moment then.
   */
  async advanceTo(date: Date): Promise<void> {
    const targetMs = checked(date);
    if (targetMs < this.ms) {
      throw new RangeError(`the clock is at ${this.now().toISOString()} and does not go back to ${date.toISOString()}`);
    }
    if (this.isMoving) throw new Error('the clock is moved already: wait for that before it is moved again');
    this.isMoving = true;
    try {
      await this.fireUntil(targetMs);
      this.ms = targetMs;
    } finally {
      this.isMoving = false;
    }
  }

  private async fireUntil(targetMs: number): Promise<void> {
    let atThisMoment = 0;
    for (let next = this.timers.at(-1); next && next.atMs <= targetMs; next = this.timers.at(-1)) {
      this.timers.pop();
      atThisMoment = next.atMs > this.ms ? 0 : atThisMoment + 1;
      if (atThisMoment > MOST_AT_ONE_MOMENT) {
        throw new Error(`more than ${MOST_AT_ONE_MOMENT} timers at ${this.now().toISOString()}: one sets itself again`);
      }
      this.ms = Math.max(this.ms, next.atMs);
      await next.work();
    }
  }

  /** Before all that are sooner, as the soonest is last. */
  private placeOf(timer: Timer): number {
    let low = 0;
    let high = this.timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isLater(this.timers[middle], timer)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isLater(one: Timer, other: Timer): boolean {
  return one.atMs > other.atMs || (one.atMs === other.atMs && one.order > other.order);
}

function checked(date: Date): number {
  const ms = date.getTime();
  if (!Number.isFinite(ms)) throw new RangeError('the time is not a time');
  return ms;
}
