import { ZoneClock } from '../../lib/clock-changes';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Zones known already, by name and year: to find out when clocks change takes time. */
const known = new Map<string, ZoneClock>();

/**
 * What clocks show in a time zone. A time that is skipped there is none; of one that is shown twice, the first counts: so
 * EventBridge Scheduler does.
 */
export class LocalTime {
  /** Throws a RangeError when the zone does not exist. */
  constructor(private readonly zone: string) {
    clockOf(zone, 2000);
  }

  /** The day that a clock there shows, as the midnight of that date in UTC. */
  localMidnight(moment: Date): number {
    const text = new Intl.DateTimeFormat('en-CA', { timeZone: this.zone, dateStyle: 'short' }).format(moment);
    return Date.parse(`${text}T00:00:00Z`);
  }

  /** When a clock there shows this minute of a day; nothing when it skips it. */
  utcOf(midnight: number, minuteOfDay: number): Date | undefined {
    const year = new Date(midnight).getUTCFullYear();
    const minute = clockOf(this.zone, year).utcOf(midnight / MINUTE_MS + minuteOfDay);
    return minute === undefined ? undefined : new Date(minute * MINUTE_MS);
  }

  /** Whether clocks are changed on this day or beside it. */
  mayTurn(midnight: number): boolean {
    const clock = clockOf(this.zone, new Date(midnight).getUTCFullYear());
    return clock.steadyOffset(midnight / MINUTE_MS) === undefined;
  }
}

function clockOf(zone: string, year: number): ZoneClock {
  const name = `${zone} ${year}`;
  const clock =
    known.get(name) ??
    new ZoneClock(zone, new Date(Date.UTC(year, 0, 1) - 21 * DAY_MS), new Date(Date.UTC(year + 1, 0, 1) + 21 * DAY_MS));
  known.set(name, clock);
  return clock;
}
