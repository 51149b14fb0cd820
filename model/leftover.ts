/**
 * What a run leaves that made no recovery point: it failed, was killed, or its recovery point has ended and something of it
 * stayed. It ends too, but late: it tells what went wrong, and it must never be a run that is still at work.
 */
export interface Leftover {
  /** When the store received the newest thing in the run's folder, by the store's own clock. */
  readonly newestAt: Date;
}

/** No run takes so long: a vault ends unfinished uploads after two days. */
export const KEEP_LEFTOVERS_SECONDS = 7 * 86_400;

export function decideLeftover({ newestAt }: Leftover, now: Date): { action: 'keep' | 'expire'; reason: string } {
  const ageSeconds = (now.getTime() - newestAt.getTime()) / 1000;
  // An absent time reads as 1970, or as no number.
  if (!(newestAt.getTime() > 0)) return { action: 'keep', reason: 'the store does not say when it received it' };
  if (!(ageSeconds >= KEEP_LEFTOVERS_SECONDS)) {
    return { action: 'keep', reason: 'no recovery point: kept for 7 days after the last that was written' };
  }
  return { action: 'expire', reason: 'no recovery point, and nothing was written for 7 days' };
}
