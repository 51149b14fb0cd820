/**
 * The journal of a mirror: what was copied between its runs, as soon as it was written at the source. Pieces of an inventory, each
 * named by when it was stored, beside the mirror's own folder; the next run takes from them what it need not copy again.
 */

/** Where the pieces lie, with a slash at its end. No mirror's name has a dot. */
export function journalPrefix(mirrorPrefix: string): string {
  return `${mirrorPrefix.slice(0, -1)}.journal/`;
}

/** `20261120T021003.123Z-4k2m9x.jsonl.gz`: in order of time. */
export function journalPieceName(time: Date, id: string): string {
  return `${compact(time)}-${id}.jsonl.gz`;
}

/** Pieces of this moment and later come after it. */
export function journalStart(time: Date): string {
  return compact(time);
}

/** How long the pieces are of use: until a run after them made a recovery point. */
export const JOURNAL_KEPT_DAYS = 35;

/** The largest object that is copied between the runs; S3 copies no more in one request either. */
export const LARGEST_EARLY_COPY_BYTES = 5 * 1024 ** 3;

function compact(time: Date): string {
  return time.toISOString().replace(/[-:]/g, '');
}
