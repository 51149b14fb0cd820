/** What the stand-in cannot live: told in a sentence, instead of being left out in silence. */
export class StandInError extends Error {
  override readonly name = 'StandInError';
}
