import type { DrillComparison } from '../../../model';
import { SqlError } from '../../postgres/server-error';
import { quoteIdentifier } from '../../postgres/sql-quoting';
import type { RestoredDatabase } from '../types';
import { Differences } from './differences';

/** Every B-tree by amcheck: its order, and that every row of the table is in it. */
export async function checkIndexes(restored: RestoredDatabase): Promise<DrillComparison[]> {
  const { session, amcheckSchema, signal, dumped } = restored;
  if (dumped.schema === null) return [];
  const differences = new Differences('indexes').count(1);
  if (amcheckSchema === undefined) {
    return [differences.unverified('the server has no amcheck to look into them with').result()];
  }
  const indexes = await session.query<{ oid: number; name: string }>(BTREES);
  for (const { oid, name } of indexes) {
    signal.throwIfAborted();
    try {
      await session.query(
        `SELECT true AS checked FROM (SELECT ${quoteIdentifier(amcheckSchema)}.bt_index_check(${oid}::regclass, true)) AS done`,
      );
      differences.count(1);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      differences.failed(`index ${name}: ${error.message}`);
    }
  }
  return [differences.result()];
}

// Not those of the system: they are the throw-away server's own.
const BTREES = `
  SELECT c.oid::int8 AS oid, c.oid::regclass::text AS name
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS a ON a.oid = c.relam
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.relpersistence <> 't' AND i.indisvalid AND i.indisready
     AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   ORDER BY c.oid`;
