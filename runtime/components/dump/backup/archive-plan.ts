import type { DataArchive, TableClass } from '../../../../model';
import { BackupError } from '../../../errors';

/** Which tables go into which data archive: one `pg_dump` each, restored side by side. */
export interface PlannedArchive {
  readonly class: DataArchive['class'];
  /** Indexes into the tables given. */
  readonly tables: readonly number[];
  /**
   * `named`: `pg_dump --table` for each of its tables. `rest`: everything but the named ones, so that nothing falls
   * between two archives: large objects, sequences, and every table too small to be named.
   */
  readonly selection: 'named' | 'rest';
}

/** What planning needs to know of a table. */
export interface PlannableTable {
  readonly class: TableClass;
  readonly sizeBytes: number;
}

/** From this size on a dump is spread over {@link SPREAD_ARCHIVES} archives, so that its restore can run in parallel. */
export const SPREAD_FROM_BYTES = 256 * 1024 * 1024;
export const SPREAD_ARCHIVES = 4;
/** Names on a command line: Linux takes 2 MiB of arguments and environment; a pattern is at most some 260 bytes. */
export const MAXIMUM_NAMED_TABLES = 4_000;
/** A table smaller than this, or than this share of an archive, is not worth a name; it stays in the rest. */
const NAMED_FROM_BYTES = 1024 * 1024;
const NAMED_FROM_SHARE = 0.02;

/**
 * Spreads the tables over `jobs` archives or more, the largest first, each into the archive that is emptiest so far
 * (within 4/3 of the best possible, Graham 1969). Critical tables get archives of their own, which come first; the rest
 * comes last.
 */
export function planArchives(tables: readonly PlannableTable[], jobs: number): PlannedArchive[] {
  const ofClass = (wanted: TableClass): SizedIndex[] =>
    tables.flatMap(({ class: found, sizeBytes }, index) => (found === wanted ? [{ index, sizeBytes }] : []));
  const critical = ofClass('critical');
  const important = ofClass('important');

  const count = archiveCount(important, jobs);
  const namedFromBytes = Math.max(NAMED_FROM_BYTES, (totalBytes(important) / count) * NAMED_FROM_SHARE);
  const nameable = important.filter(({ sizeBytes }) => count > 1 && sizeBytes >= namedFromBytes);
  const remaining = important.filter((table) => !nameable.includes(table));
  const [rest, ...named] = spread(nameable, count, totalBytes(remaining));

  const archives: PlannedArchive[] = [
    ...spread(critical, archiveCount(critical, jobs), 0).map((bin) => plan('critical', bin)),
    ...named.map((bin) => plan('important', bin)),
  ].filter((archive) => archive.tables.length > 0);
  refuseTooManyNames(archives);
  return [...archives, { ...plan('important', [...remaining, ...rest]), selection: 'rest' }];
}

interface SizedIndex {
  readonly index: number;
  readonly sizeBytes: number;
}

function archiveCount(tables: readonly SizedIndex[], jobs: number): number {
  return Math.max(jobs, totalBytes(tables) >= SPREAD_FROM_BYTES ? SPREAD_ARCHIVES : 1);
}

/** Longest processing time first into `count` bins, the first of which already holds `firstBytes`. */
function spread(tables: readonly SizedIndex[], count: number, firstBytes: number): SizedIndex[][] {
  const bins = Array.from({ length: count }, (_, bin) => ({
    tables: [] as SizedIndex[],
    sizeBytes: bin === 0 ? firstBytes : 0,
  }));
  for (const table of [...tables].sort((a, b) => b.sizeBytes - a.sizeBytes || a.index - b.index)) {
    const emptiest = bins.reduce((least, bin) => (bin.sizeBytes < least.sizeBytes ? bin : least));
    emptiest.tables.push(table);
    emptiest.sizeBytes += table.sizeBytes;
  }
  return bins.map((bin) => bin.tables);
}

function plan(tableClass: PlannedArchive['class'], tables: readonly SizedIndex[]): PlannedArchive {
  return { class: tableClass, tables: tables.map(({ index }) => index).sort((a, b) => a - b), selection: 'named' };
}

function totalBytes(tables: readonly SizedIndex[]): number {
  return tables.reduce((sum, table) => sum + table.sizeBytes, 0);
}

function refuseTooManyNames(archives: readonly PlannedArchive[]): void {
  const named = archives.reduce((sum, archive) => sum + archive.tables.length, 0);
  if (named <= MAXIMUM_NAMED_TABLES) return;
  throw new BackupError('configuration-invalid', `${named} tables are classed critical`, {
    detail: `pg_dump is given each by name, and at most ${MAXIMUM_NAMED_TABLES} names fit on a command line.`,
    hint: 'Class fewer tables critical; every other table is still backed up.',
  });
}
