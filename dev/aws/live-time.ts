/**
 * The time that the stand-in shows to what runs in it. The clock stands still while a firing is carried out, but a program that
 * writes an object and one that reads it afterwards must not see the same moment: between two moves of the clock time goes on at
 * its own pace, and never back.
 */
import type { Clock } from './clock';

export class LiveTime {
  private baseMs: number;
  private startedMs = performance.now();
  private latestMs = 0;

  constructor(private readonly clock: Clock) {
    this.baseMs = clock.now().getTime();
  }

  readonly now = (): Date => {
    const clockMs = this.clock.now().getTime();
    if (clockMs !== this.baseMs) {
      this.baseMs = clockMs;
      this.startedMs = performance.now();
    }
    this.latestMs = Math.max(this.latestMs, this.baseMs + Math.round(performance.now() - this.startedMs));
    return new Date(this.latestMs);
  };
}
