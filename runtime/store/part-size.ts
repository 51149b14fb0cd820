const MIB = 1024 * 1024;

/** S3's limit of parts in one upload. */
export const MAX_PARTS = 10_000;

const FIRST_PART_BYTES = 8 * MIB;
const PARTS_PER_SIZE = 1_000;

/**
 * How large part `partNumber` (from 1) of a stream of unknown length is: 8 MiB, doubled after every thousandth part.
 *
 * S3 takes 10,000 parts of 5 MiB to 5 GiB each, so parts of one size either end a stream early or cost much memory from
 * the start. Doubling keeps a part below a thousandth of what was sent already: 8 MiB up to 7.8 GiB, 64 MiB up to
 * 117 GiB, 4 GiB for the last thousand, and 7.8 TiB in all.
 */
export function partSizeBytes(partNumber: number): number {
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > MAX_PARTS) {
    throw new RangeError(`part numbers go from 1 to ${MAX_PARTS}, not ${partNumber}`);
  }
  return FIRST_PART_BYTES * 2 ** Math.floor((partNumber - 1) / PARTS_PER_SIZE);
}

/** The most that one stream can hold. */
export const MAX_STREAM_BYTES = FIRST_PART_BYTES * PARTS_PER_SIZE * (2 ** (MAX_PARTS / PARTS_PER_SIZE) - 1);
