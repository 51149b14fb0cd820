/**
 * A digest of a table's rows that does not depend on their order: the sum of a 64-bit hash of each row's text. A changed value
 * changes it; two changes that cancel each other out do not happen by accident, but somebody who wants to could make them.
 *
 * Both sides compute it with this very text, so that they agree: at the dump inside its own snapshot, at the drill in the
 * restored database. `record_out` instead of a cast, because a database may define a cast of its own from a row to text.
 */

/** How a session must be set for the text of a row to be the same everywhere; time zone, dates and floats are set for every session. */
export const CONTENT_HASH_SETTINGS: readonly string[] = [`SET lc_monetary = 'C'`, `SET extra_float_digits = 1`];

/** One row with `rows` and `hash`, both as text. `relation` is the quoted, qualified name of the table. */
export function contentHashSql(relation: string): string {
  return `
    SELECT count(*)::text AS rows,
           coalesce(sum(hashtextextended(textin(record_out(ROW(t.*))) COLLATE "C", 0)::numeric), 0)::text AS hash
      FROM ONLY ${relation} AS t`;
}
