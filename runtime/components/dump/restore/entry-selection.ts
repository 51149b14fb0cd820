import { usageError } from '../../../errors';
import type { ArchiveEntry } from '../../../postgres/archive/archive-head';
import { attachmentsIn } from './attachments';

/** A table a person asked for: `schema.table`, or `table` in any schema. */
export interface WantedTable {
  readonly schema?: string;
  readonly name: string;
}

/**
 * Reads `orders`, `sales.orders` or `"Odd.Schema"."Odd ""table"""`. Names are taken as they are: quotes are only needed
 * around a name that holds a dot or a quote, and case is never folded.
 */
export function parseWantedTable(text: string): WantedTable {
  const part = String.raw`(?:"((?:[^"]|"")+)"|([^."]+))`;
  const match = new RegExp(`^(?:${part}\\.)?${part}$`, 's').exec(text);
  if (!match) {
    throw usageError(
      `"${text}" is not the name of a table`,
      'Write schema.table; put a name with a dot in double quotes.',
    );
  }
  const unquote = (quoted?: string, plain?: string): string | undefined => quoted?.replaceAll('""', '"') ?? plain;
  return { schema: unquote(match[1], match[2]), name: unquote(match[3], match[4]) ?? '' };
}

export function isWanted(table: { schema: string; name: string }, wanted: readonly WantedTable[]): boolean {
  return wanted.some(({ schema, name }) => name === table.name && (schema === undefined || schema === table.schema));
}

/**
 * The definitions that belong to some tables: the tables, what they are made of (types, sequences, functions, extensions, the
 * schema), and what hangs on them and nothing else (indexes, constraints, triggers, comments, grants). A foreign key to a
 * table that was not asked for is left out: there is nothing for it to refer to. A partition without its parent is a table.
 */
export function selectDefinitions(entries: readonly ArchiveEntry[], wanted: readonly WantedTable[]): ArchiveEntry[] {
  const byId = new Map(entries.map((entry) => [entry.dumpId, entry]));
  const tables = new Set(
    entries.filter((entry) => isRelation(entry) && isWanted(entry, wanted)).map((entry) => entry.dumpId),
  );
  const attachments = attachmentsIn(entries);
  const tableIds = new Set(entries.filter(isRelation).map(({ dumpId }) => dumpId));
  const selected = new Set<number>();
  const isOtherTable = (id: number): boolean => {
    const entry = byId.get(id);
    return entry !== undefined && isRelation(entry) && !tables.has(id);
  };

  /** The table is in what the sequence depends on, not in what the entry does. */
  const ownersOf = (entry: ArchiveEntry): number[] =>
    entry.dependencies.flatMap((id) => byId.get(id)?.dependencies.filter((owner) => tableIds.has(owner)) ?? []);

  /** Takes an entry with everything it needs; refuses one that needs a table that is not wanted. */
  const needs = (id: number, path: ReadonlySet<number> = new Set()): number[] | undefined => {
    if (selected.has(id) || path.has(id)) return [];
    const entry = byId.get(id);
    if (!entry) return []; // Depends on something of the system, which no dump holds.
    if (isOtherTable(id)) return undefined;
    if (entry.kind === 'SEQUENCE OWNED BY' && ownersOf(entry).some(isOtherTable)) return undefined;
    const below = new Set(path).add(id);
    const needed = entry.dependencies
      .filter(
        (dependency) => !attachments.get(id)?.has(dependency) && !(isOwnSequence(entry) && tableIds.has(dependency)),
      )
      .map((dependency) => needs(dependency, below));
    return needed.some((ids) => ids === undefined) ? undefined : [...needed.flatMap((ids) => ids ?? []), id];
  };
  const take = (id: number): void => needs(id)?.forEach((needed) => selected.add(needed));

  const schemas = new Set([...tables].map((id) => byId.get(id)?.schema));
  for (const entry of entries) if (entry.kind === 'SCHEMA' && schemas.has(entry.name)) take(entry.dumpId);
  for (const id of tables) take(id);
  for (let before = -1; before !== selected.size;) {
    before = selected.size;
    for (const entry of entries) {
      if (
        !selected.has(entry.dumpId) &&
        entry.dependencies.some((id) => tables.has(id) || hangsOn(byId.get(id), selected))
      ) {
        if (!isRelation(entry) && !isStandalone(entry)) take(entry.dumpId);
      }
    }
  }
  return entries.filter((entry) => selected.has(entry.dumpId));
}

/** The rows, and the sequences' positions, of some tables. */
export function selectData(
  entries: readonly ArchiveEntry[],
  wanted: readonly WantedTable[],
  ownedSequences: ReadonlySet<string>,
): ArchiveEntry[] {
  return entries.filter(
    (entry) =>
      (entry.kind === 'TABLE DATA' && isWanted(entry, wanted)) ||
      (entry.kind === 'SEQUENCE SET' && ownedSequences.has(sequenceKey(entry))),
  );
}

export function sequenceKey(sequence: { schema: string; name: string }): string {
  return JSON.stringify([sequence.schema, sequence.name]);
}

/** The lines `pg_restore --use-list` reads: only the number at the beginning counts for it. */
export function useList(entries: readonly ArchiveEntry[]): string {
  return entries.map((entry) => `${entry.dumpId}; ${entry.kind}\n`).join('');
}

const RELATIONS = new Set(['TABLE', 'FOREIGN TABLE', 'VIEW', 'MATERIALIZED VIEW']);

function isRelation(entry: ArchiveEntry): boolean {
  return RELATIONS.has(entry.kind);
}

/**
 * One that is made by itself, and only then owned by a column; a partition's default uses the one that its parent owns. That
 * of an identity column is made as a part of its table.
 */
function isOwnSequence(entry: ArchiveEntry): boolean {
  return entry.kind === 'SEQUENCE' && entry.definition.startsWith('CREATE SEQUENCE');
}

/** What may depend on a table but is a thing of its own, not a part of it. */
function isStandalone(entry: ArchiveEntry): boolean {
  return /^(FUNCTION|PROCEDURE|AGGREGATE|PUBLICATION|SUBSCRIPTION|EVENT TRIGGER|MATERIALIZED VIEW DATA|CAST|OPERATOR)/.test(
    entry.kind,
  );
}

/** Grants and comments of a sequence, default or constraint that was selected. */
function hangsOn(entry: ArchiveEntry | undefined, selected: ReadonlySet<number>): boolean {
  return (
    entry !== undefined && selected.has(entry.dumpId) && !/^(SCHEMA|EXTENSION|TYPE|DOMAIN|FUNCTION)/.test(entry.kind)
  );
}
