/**
 * When clocks are put forward and back in a time zone, and what that does to a schedule. EventBridge Scheduler skips a run
 * whose time of day does not exist on that day, and runs once when it exists twice.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
 */
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
/** Weeks lie between two changes in every zone, so looking once a week misses none. */
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** Minutes since 1970, in UTC. */
type UtcMinute = number;

interface ClockChange {
  readonly at: UtcMinute;
  /** Minutes ahead of UTC. */
  readonly before: number;
  readonly after: number;
}

/** The offsets of one time zone between two days. */
export class ZoneClock {
  private readonly changes: ClockChange[] = [];
  private readonly first: number;
  private readonly format: Intl.DateTimeFormat;

  /** Throws a RangeError when the zone does not exist. */
  constructor(zone: string, from: Date, to: Date) {
    this.format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    let minute = from.getTime() / MINUTE_MS;
    let offset = this.readOffset(minute);
    this.first = offset;
    while (minute < to.getTime() / MINUTE_MS) {
      const next = minute + WEEK_MINUTES;
      const after = this.readOffset(next);
      if (after !== offset) this.changes.push({ at: this.findChange(minute, next, offset), before: offset, after });
      minute = next;
      offset = after;
    }
  }

  /** Minutes ahead of UTC, the same for this local day and those beside it; nothing when the clocks change then. */
  steadyOffset(localMidnight: number): number | undefined {
    return this.changesNear(localMidnight).length > 0 ? undefined : this.offsetAt(localMidnight);
  }

  /** When a clock in the zone shows this time; nothing when it skips it; the first of two when it shows it twice. */
  utcOf(localMinute: number): UtcMinute | undefined {
    const near = this.changesNear(localMinute);
    const offsets = near.length > 0 ? near.flatMap((c) => [c.before, c.after]) : [this.offsetAt(localMinute)];
    const moments = offsets
      .map((offset) => localMinute - offset)
      .filter((moment) => moment + this.offsetAt(moment) === localMinute);
    return moments.length > 0 ? Math.min(...moments) : undefined;
  }

  private changesNear(localMinute: number): ClockChange[] {
    return this.changes.filter((change) => Math.abs(change.at - localMinute) <= 2 * DAY_MINUTES);
  }

  private offsetAt(moment: UtcMinute): number {
    return this.changes.reduce((offset, change) => (change.at <= moment ? change.after : offset), this.first);
  }

  private findChange(low: UtcMinute, high: UtcMinute, offsetBefore: number): UtcMinute {
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.readOffset(middle) === offsetBefore) low = middle;
      else high = middle;
    }
    return high;
  }

  private readOffset(moment: UtcMinute): number {
    const name =
      this.format.formatToParts(moment * MINUTE_MS).find((part) => part.type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes] = /^GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? [];
    const offset = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
    return sign === '-' ? -offset : offset;
  }
}
