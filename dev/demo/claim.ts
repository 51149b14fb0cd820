/** What the demonstration says about what it sees. A sentence that is not so ends it, and with it the exit code is 1. */
export class NotAsClaimed extends Error {
  constructor(
    readonly claimed: string,
    /** What was seen instead; several lines at most. */
    readonly seen: string,
  ) {
    super(`${claimed}: not so`);
    this.name = 'NotAsClaimed';
  }
}

export function claim(holds: boolean, claimed: string, seen = ''): asserts holds {
  if (!holds) throw new NotAsClaimed(claimed, seen);
}
