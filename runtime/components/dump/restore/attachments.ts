import type { ArchiveEntry } from '../../../postgres/archive/archive-head';

/**
 * What each partition, and each index of one, is attached to, by dump id. pg_dump lets a partition depend on its parent, but
 * makes it as a table of its own and attaches it by an entry of its own: without the parent it is whole.
 */
export function attachmentsIn(entries: readonly ArchiveEntry[]): ReadonlyMap<number, ReadonlySet<number>> {
  const byId = new Map(entries.map((entry) => [entry.dumpId, entry]));
  const parents = new Map<number, Set<number>>();
  for (const attachment of entries) {
    const kinds = ATTACHED.get(attachment.kind);
    if (!kinds) continue;
    const involved = attachment.dependencies.flatMap((id) => byId.get(id) ?? []).filter(({ kind }) => kinds.has(kind));
    const child = involved.find((entry) => isNamed(entry, attachment));
    if (!child) continue;
    const others = involved.map(({ dumpId }) => dumpId).filter((id) => id !== child.dumpId);
    parents.set(child.dumpId, new Set(others));
  }
  return parents;
}

/** An index that a constraint made is in the archive as the constraint. */
const ATTACHED: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['TABLE ATTACH', new Set(['TABLE', 'FOREIGN TABLE'])],
  ['INDEX ATTACH', new Set(['INDEX', 'CONSTRAINT'])],
]);

/** A constraint is named after its table and itself. */
function isNamed(entry: ArchiveEntry, { schema, name }: ArchiveEntry): boolean {
  if (entry.schema !== schema) return false;
  return entry.kind === 'CONSTRAINT' ? entry.name.endsWith(` ${name}`) : entry.name === name;
}
