import type { ArchiveEntry } from '../../../postgres/archive/archive-head';
import type { Definitions } from './restore-run';

/**
 * Triggers that every login sets off (PostgreSQL 17 and later) are made last of all, when the restore logs in no more: what they
 * write would be in the tables besides what was backed up.
 */
export function setLoginTriggersApart(definitions: Definitions): {
  readonly first: Definitions;
  readonly last: Definitions | null;
} {
  const triggers = new Set(definitions.entries.filter(isLoginTrigger).map(({ dumpId }) => dumpId));
  if (triggers.size === 0) return { first: definitions, last: null };
  // Comments and the like hang on them.
  const isLast = ({ dumpId, dependencies }: ArchiveEntry) =>
    triggers.has(dumpId) || dependencies.some((id) => triggers.has(id));
  const { file, entries } = definitions;
  return {
    first: { file, entries: entries.filter((entry) => !isLast(entry)), made: 'some' },
    last: { file, entries: entries.filter(isLast), made: 'some' },
  };
}

function isLoginTrigger({ kind, definition }: ArchiveEntry): boolean {
  return kind === 'EVENT TRIGGER' && /^CREATE EVENT TRIGGER (?:"(?:[^"]|"")*"|[^\s"]+) ON login\s/.test(definition);
}
