import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits for a second in which nothing was begun yet: what is begun by hand in one second has no order, so that the newest of two is
 * certain only when a second lies between their beginnings. Looks at the clock, as a timer may be early by a millisecond.
 */
export async function nextSecond(): Promise<void> {
  const begun = second();
  while (second() === begun) await sleep(20);
}

const second = (): number => Math.floor(Date.now() / 1000);
