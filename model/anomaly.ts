/**
 * Whether a figure of a recovery point is out of line with those before it: a backup that suddenly holds a tenth is most
 * likely of the wrong database, one that holds ten times as much has swallowed something. Median and median deviation, so
 * that one odd run among the earlier ones neither hides nor causes a finding; logarithms, so that growing and shrinking
 * weigh the same.
 */

/** Verifications looked back on: enough for a median that stays calm, few enough that a new normal is one after ten runs. */
export const HISTORY_LENGTH = 20;

/** With fewer earlier runs nothing is out of line: the first four runs never alarm. */
export const HISTORY_MINIMUM = 4;

/**
 * Less than this factor from the median, either way, is never out of line. A purge of old rows or a few busy weeks stay within
 * it; the loss of a system's largest table mostly does not.
 */
export const HARMLESS_FACTOR = 2;

/** This factor or more is always out of line, however restless the history: a shrink of 90 % is one. */
export const ALARMING_FACTOR = 10;

/** Differences up to these are never out of line, unless nothing is left: small systems double in a day. */
export const NEGLIGIBLE = { items: 100, sizeBytes: 65_536 } as const;

/** Between the two: so many standard deviations, estimated from the median deviation. */
const SPREADS = 6;

/** Of a normal distribution, the standard deviation by the median absolute deviation. */
const DEVIATION_PER_MAD = 1.4826;

export interface Anomaly {
  /** Of the earlier figures. */
  readonly median: number;
  /** How many earlier figures there were. */
  readonly runs: number;
  readonly direction: 'shrunk' | 'grown';
}

/**
 * Compares a figure with the earlier ones, the newest first; nothing when it is in line. Only the newest
 * {@link HISTORY_LENGTH} are looked at. Figures are counts: from 0, finite; a RangeError otherwise.
 *
 * @param negligible a difference up to this is in line, unless the figure is 0
 */
export function findAnomaly(value: number, earlier: readonly number[], negligible: number): Anomaly | undefined {
  const history = earlier.slice(0, HISTORY_LENGTH);
  for (const figure of [value, ...history]) {
    if (!Number.isFinite(figure) || figure < 0) throw new RangeError(`a figure is ${figure}, but must be from 0`);
  }
  if (history.length < HISTORY_MINIMUM) return undefined;

  const median = medianOf(history);
  if (value !== 0 && Math.abs(value - median) <= negligible) return undefined;

  const logs = history.map(logarithm);
  const middle = medianOf(logs);
  const spread = SPREADS * DEVIATION_PER_MAD * medianOf(logs.map((log) => Math.abs(log - middle)));
  const allowed = Math.min(Math.max(spread, Math.log(HARMLESS_FACTOR)), Math.log(ALARMING_FACTOR));
  const distance = logarithm(value) - middle;
  if (Math.abs(distance) < allowed - ROUNDING) return undefined;
  return { median, runs: history.length, direction: distance < 0 ? 'shrunk' : 'grown' };
}

/** A factor is a factor although logarithms round. */
const ROUNDING = 1e-9;

/** Nothing counts as one, so that from nothing to something has a finite distance, and none to itself. */
function logarithm(figure: number): number {
  return Math.log(Math.max(1, figure));
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
