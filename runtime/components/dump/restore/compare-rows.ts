import type { DumpedDatabase, TableFingerprint } from '../../../../model';
import { BackupError } from '../../../errors';
import type { ComparedTable } from '../types';

/** The tables whose rows a restore must have brought back, with the number the manifest promises. */
export function expectedTables(
  dumped: DumpedDatabase,
  isRestored: (table: TableFingerprint) => boolean,
): (TableFingerprint & { rows: number })[] {
  return dumped.tables.filter(
    (table): table is TableFingerprint & { rows: number } => table.rows !== null && isRestored(table),
  );
}

/** Holds what was counted against what was promised. A table that was not counted is a difference, not an omission. */
export function compareRows(
  expected: readonly (TableFingerprint & { rows: number })[],
  found: readonly (number | null | undefined)[],
): ComparedTable[] {
  return expected.map(({ schema, name, class: tableClass, rows }, index) => ({
    schema,
    name,
    class: tableClass,
    expectedRows: rows,
    foundRows: found[index] ?? null,
  }));
}

export function refuseDifferences(tables: readonly ComparedTable[]): void {
  const differing = tables.filter((table) => table.foundRows !== table.expectedRows);
  if (differing.length === 0) return;
  const lines = differing
    .slice(0, 10)
    .map(
      (t) =>
        `"${t.schema}"."${t.name}": ${t.expectedRows} rows in the backup, ${t.foundRows ?? 'not counted'} restored`,
    );
  throw new BackupError('comparison-failed', `${differing.length} of ${tables.length} tables differ from the backup`, {
    detail: [...lines, ...(differing.length > lines.length ? ['…'] : [])].join('\n'),
    hint: 'Do not use this database. If something else writes to it, stop that and restore again.',
  });
}
