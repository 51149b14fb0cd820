import type { DrillComparison, TableFingerprint } from '../../../model';
import { listTables } from '../../postgres/catalog-tables';
import { countRows } from '../../postgres/row-counts';
import { SqlError } from '../../postgres/server-error';
import { qualifiedName } from '../../postgres/sql-quoting';
import type { RestoredDatabase } from '../types';
import { Differences } from './differences';

/** Every table has the rows that were counted in the dump's own snapshot, and there are no other tables. */
export async function compareRowCounts(restored: RestoredDatabase): Promise<DrillComparison[]> {
  const { dumped, session } = restored;
  // Definitions alone were dumped: that they are all there is the next comparison's to say.
  if (dumped.content === 'schema') return [];
  const differences = new Differences('row counts');
  const found = new Set((await listTables(session)).tables.map(qualifiedName));
  for (const table of dumped.tables) {
    const name = qualifiedName(table);
    if (!found.delete(name)) differences.count(1).failed(`table ${name} is missing`);
    else if (table.rows !== null) await compareTable(restored, { ...table, rows: table.rows }, differences);
    else if (table.class !== 'ephemeral')
      differences.unverified(`the manifest has no number of rows for table ${name}`);
  }
  for (const name of found) differences.failed(`table ${name} is too much`);
  return [differences.result()];
}

async function compareTable(
  { session, signal }: RestoredDatabase,
  table: TableFingerprint & { readonly rows: number },
  differences: Differences,
): Promise<void> {
  const name = qualifiedName(table);
  try {
    const [rows] = await countRows(session, [table], { signal });
    differences.count(1);
    if (rows !== table.rows) differences.failed(`table ${name} has ${rows} rows, ${table.rows} in the backup`);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    differences.unverified(error.message);
  }
}
