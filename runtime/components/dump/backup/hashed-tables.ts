import { BackupError } from '../../../errors';
import type { ListedTable } from '../../../postgres/catalog-tables';
import { qualifiedName } from '../../../postgres/sql-quoting';
import type { SqlSession } from '../../../postgres/session';
import { matchPattern } from '../../../postgres/table-pattern';

/**
 * The tables whose content is hashed: those that a pattern matches and whose rows are dumped. A pattern that matches none would
 * promise a proof that nobody makes: `configuration-invalid`.
 */
export async function chooseHashedTables(
  session: SqlSession,
  tables: readonly ListedTable[],
  patterns: readonly string[],
): Promise<ListedTable[]> {
  const wanted = new Set<string>();
  for (const pattern of patterns) {
    const matched = new Set((await matchPattern(session, pattern)).map(qualifiedName));
    const hashed = tables.filter((table) => table.class !== 'ephemeral' && matched.has(qualifiedName(table)));
    if (hashed.length === 0) throw matchesNone(pattern);
    for (const table of hashed) wanted.add(qualifiedName(table));
  }
  return tables.filter((table) => wanted.has(qualifiedName(table)));
}

function matchesNone(pattern: string): BackupError {
  return new BackupError(
    'configuration-invalid',
    `the pattern ${JSON.stringify(pattern)} of tables to hash matches no table with rows`,
    {
      hint: 'Views, partitioned parents and ephemeral tables have no rows in a dump: match the partitions themselves.',
    },
  );
}
