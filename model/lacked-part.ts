/**
 * A mirror or a volume that the newest recovery point before had and this one has not, because it was made by hand of others. It
 * counts for the age of the data as it lies there: one that is left out stays as old as it is.
 */
export interface LackedPart {
  readonly name: string;
  /** Id of the last recovery point that has it, which is kept as long as this one. */
  readonly point: string;
  /** ISO 8601: of what moment its data there is. */
  readonly at: string;
}
