import { usageError } from '../../../errors';
import type { ArchiveEntry } from '../../../postgres/archive/archive-head';
import { attachmentsIn } from './attachments';
import { isWanted, parseWantedTable, type WantedTable } from './entry-selection';
import type { Definitions, RestoreRun } from './restore-run';

/**
 * The tables that were asked for, each partitioned one with all its partitions: it holds no row itself. What the recovery point
 * does not hold is refused, quoted as it was asked for.
 */
export function wantedTables(
  run: Pick<RestoreRun, 'request' | 'dumped'>,
  definitions: Pick<Definitions, 'entries'> | null,
): WantedTable[] {
  const asked = run.request.tables.map(parseWantedTable);
  const partitioned = asked.map((table) => partitionsOf(definitions?.entries ?? [], table));
  for (const [index, table] of asked.entries()) {
    const held = run.dumped.tables.some((one) => isWanted(one, [table])) || partitioned[index].length > 0;
    if (!held) {
      throw usageError(
        `the recovery point holds no table ${run.request.tables[index]}`,
        definitions
          ? 'Names are case-sensitive.'
          : 'Names are case-sensitive; of a partitioned table, name the partitions.',
      );
    }
  }
  return [...asked, ...partitioned.flat()];
}

/** All that are attached below it, at any depth. */
function partitionsOf(entries: readonly ArchiveEntry[], table: WantedTable): WantedTable[] {
  const tables = new Map(entries.filter(({ kind }) => kind === 'TABLE').map((entry) => [entry.dumpId, entry]));
  const attachments = [...attachmentsIn(entries)].filter(([partition]) => tables.has(partition));
  const below = new Set<number>();
  let parents = [...tables.values()].filter((entry) => isWanted(entry, [table])).map(({ dumpId }) => dumpId);
  while (parents.length > 0) {
    parents = attachments
      .filter(([partition, attachedTo]) => !below.has(partition) && parents.some((id) => attachedTo.has(id)))
      .map(([partition]) => partition);
    for (const partition of parents) below.add(partition);
  }
  return [...below].flatMap((id) => tables.get(id) ?? []).map(({ schema, name }) => ({ schema, name }));
}
