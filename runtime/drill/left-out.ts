import type { ArchiveEntry } from '../postgres/archive/archive-head';
import { extensionSchemas } from './extensions';

/** The definitions of a dump, as a drill takes them. */
export interface ChosenDefinitions {
  readonly made: readonly ArchiveEntry[];
  /** Told: what needs a superuser or reaches outside, and what cannot be without it. */
  readonly leftOut: readonly ArchiveEntry[];
}

/**
 * Chooses what a drill makes of a dump. This keeps honest dumps restorable by a role without power; it is no guard: a dump may
 * call anything whatever it likes. The guard is that the role may do nothing of this.
 */
export function chooseDefinitions(entries: readonly ArchiveEntry[]): ChosenDefinitions {
  const leftOut = withDependants(
    entries,
    entries.filter(({ kind }) => LEFT_OUT.has(kind)),
  );
  const schemas = extensionSchemas(entries);
  const known = new Set(entries.map(({ dumpId }) => dumpId));
  const extensions = new Set(entries.filter(({ kind }) => kind === 'EXTENSION').map(({ dumpId }) => dumpId));
  const isDone = (entry: ArchiveEntry): boolean =>
    entry.kind === 'EXTENSION' ||
    (entry.kind === 'SCHEMA' && schemas.has(entry.name)) ||
    (ATTRIBUTES.has(entry.kind) && isOfExtension(entry, extensions, known));
  return {
    made: entries.filter((entry) => !leftOut.has(entry) && !isDone(entry)),
    leftOut: [...leftOut],
  };
}

/** `EVENT TRIGGER guard`, `FOREIGN TABLE sales.remote`. */
export function describeEntry({ kind, schema, name }: ArchiveEntry): string {
  return schema === '' ? `${kind} ${name}` : `${kind} ${schema}.${name}`;
}

const LEFT_OUT: ReadonlySet<string> = new Set([
  'EVENT TRIGGER',
  'PUBLICATION',
  'PUBLICATION TABLE',
  'PUBLICATION TABLES IN SCHEMA',
  'SUBSCRIPTION',
  'SUBSCRIPTION TABLE',
  'FOREIGN DATA WRAPPER',
  'SERVER',
  'USER MAPPING',
  'FOREIGN TABLE',
  'SECURITY LABEL',
]);

const ATTRIBUTES: ReadonlySet<string> = new Set(['ACL', 'COMMENT']);

function withDependants(entries: readonly ArchiveEntry[], first: readonly ArchiveEntry[]): Set<ArchiveEntry> {
  const found = new Set(first);
  const ids = new Set(first.map(({ dumpId }) => dumpId));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const entry of entries) {
      if (found.has(entry) || !entry.dependencies.some((id) => ids.has(id))) continue;
      found.add(entry);
      ids.add(entry.dumpId);
    }
  }
  return found;
}

/** A comment on an extension, and grants on what belongs to one (which has no entry of its own): only its owner may. */
function isOfExtension(
  { kind, name, dependencies }: ArchiveEntry,
  extensions: ReadonlySet<number>,
  known: ReadonlySet<number>,
): boolean {
  if (dependencies.some((id) => extensions.has(id))) return true;
  return kind === 'ACL' && name !== 'SCHEMA public' && !name.startsWith('DATABASE ') && dependencies.length > 0
    ? dependencies.every((id) => !known.has(id))
    : false;
}
