import type { SqlSession } from './session';
import { withSavepoint } from './savepoint';
import { SqlError } from './server-error';
import { qualifiedName } from './sql-quoting';

/** Exact numbers of rows, as the session's transaction sees them. */

export interface CountableTable {
  readonly schema: string;
  readonly name: string;
  /** Small tables are counted several at a time; unknown counts as large. */
  readonly sizeBytes?: number;
}

export interface CountOptions<Table> {
  /** Looked at between statements; give it to the session too, to end a running one. */
  signal?: AbortSignal;
  /** Told after each table. */
  onTable?: (table: Table, rows: number) => void;
}

/**
 * `count(*)` of each table's own rows, in the order given. A table that others inherit from counts without them, as it is dumped.
 * In a transaction with a snapshot the counts are of that snapshot; a failed count leaves the transaction usable.
 *
 * @throws SqlError that names the table.
 */
export async function countRows<Table extends CountableTable>(
  session: SqlSession,
  tables: readonly Table[],
  options: CountOptions<Table> = {},
): Promise<number[]> {
  const counts: number[] = [];
  for (const batch of batches(tables)) {
    options.signal?.throwIfAborted();
    const rows = await countBatch(session, batch);
    batch.forEach((table, index) => options.onTable?.(table, rows[index]));
    counts.push(...rows);
  }
  return counts;
}

/** A statement takes three round trips: worth sharing among small tables, not among large ones, whose progress is to be seen. */
const BATCH_TABLES = 50;
const BATCH_BYTES = 64 * 1024 * 1024;

function* batches<Table extends CountableTable>(tables: readonly Table[]): Generator<Table[]> {
  let batch: Table[] = [];
  let sizeBytes = 0;
  for (const table of tables) {
    const tableBytes = table.sizeBytes ?? BATCH_BYTES;
    if (batch.length > 0 && (batch.length === BATCH_TABLES || sizeBytes + tableBytes > BATCH_BYTES)) {
      yield batch;
      batch = [];
      sizeBytes = 0;
    }
    batch.push(table);
    sizeBytes += tableBytes;
  }
  if (batch.length > 0) yield batch;
}

async function countBatch(session: SqlSession, batch: readonly CountableTable[]): Promise<number[]> {
  try {
    return await withSavepoint(session, () => count(session, batch));
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    if (batch.length === 1) throw naming(error, batch[0]);
  }
  // Not every refusal names its table (a lock's time-out does not): ask one by one to find out.
  const rows: number[] = [];
  for (const table of batch) rows.push(...(await countBatch(session, [table])));
  return rows;
}

async function count(session: SqlSession, batch: readonly CountableTable[]): Promise<number[]> {
  // ONLY: what inherits from a table is counted, and dumped, by itself.
  const selects = batch.map(
    (table, index) => `SELECT ${index} AS index, count(*) AS rows FROM ONLY ${qualifiedName(table)}`,
  );
  const found = await session.query<{ index: number; rows: number }>(selects.join(' UNION ALL '));
  const rows = new Map(found.map((row) => [row.index, row.rows]));
  return batch.map((table, index) => {
    const value = rows.get(index);
    if (value === undefined) throw new Error(`no count came back for ${table.schema}.${table.name}`);
    return value;
  });
}

function naming(error: SqlError, table: CountableTable): SqlError {
  return new SqlError(
    error.code,
    `cannot count the rows of ${table.schema}.${table.name}: ${error.message}`,
    error.sqlState,
    {
      detail: error.detail,
      hint: error.hint,
    },
  );
}
