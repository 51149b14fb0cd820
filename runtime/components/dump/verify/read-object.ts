import type { DataArchive, DumpManifest, DumpedDatabase, StoredObject } from '../../../../model';
import { BackupError } from '../../../errors';
import { ArchiveReader, type ArchiveContents } from '../../../postgres/archive/archive-reader';
import { openArchive, type ArchiveOrigin } from '../verified-archive';
import { readGlobals } from '../globals-script';
import type { Finding } from '../../stored-object';

/** One object and what it ought to hold. */
export type ReadableObject =
  | { readonly kind: 'globals'; readonly object: StoredObject }
  | { readonly kind: 'schema'; readonly object: StoredObject }
  | {
      readonly kind: 'data';
      readonly object: StoredObject;
      readonly database: DumpedDatabase;
      readonly archive: DataArchive;
    };

export function readableObjects(manifest: DumpManifest): ReadableObject[] {
  const globals: ReadableObject[] = manifest.globals ? [{ kind: 'globals', object: manifest.globals }] : [];
  const archives = manifest.databases.flatMap((database): ReadableObject[] => [
    ...(database.schema ? [{ kind: 'schema' as const, object: database.schema }] : []),
    ...database.data.map((archive) => ({ kind: 'data' as const, object: archive.object, database, archive })),
  ]);
  return [...globals, ...archives];
}

/**
 * Reads every byte: digests of each part and of the whole, decompression, the archive's structure, and the number of rows of
 * every table in it, held against the count taken in the database when it was dumped.
 */
export async function verifyRead(
  origin: ArchiveOrigin,
  readable: ReadableObject,
  onBytes: (sizeBytes: number) => void,
): Promise<Finding> {
  try {
    if (readable.kind === 'globals') {
      await readGlobals(origin, readable.object);
      return { outcome: 'passed', finding: 'every byte read; the script is whole' };
    }
    const contents = await readArchive(origin, readable.object, onBytes);
    if (readable.kind === 'schema') {
      return { outcome: 'passed', finding: `every byte read; ${contents.entries.length} entries` };
    }
    return compareContents(contents, readable.database, readable.archive);
  } catch (error) {
    if (error instanceof BackupError && DAMAGE.has(error.code)) {
      return { outcome: 'failed', finding: [error.message, error.detail].filter(Boolean).join(': ') };
    }
    throw error;
  }
}

const DAMAGE: ReadonlySet<string> = new Set(['object-missing', 'object-damaged', 'archive-damaged']);

async function readArchive(
  origin: ArchiveOrigin,
  object: StoredObject,
  onBytes: (sizeBytes: number) => void,
): Promise<ArchiveContents> {
  const archive = openArchive(origin, object, onBytes);
  const reader = new ArchiveReader();
  try {
    for await (const chunk of archive.bytes) reader.push(chunk);
    await archive.ended();
    return reader.end();
  } finally {
    await archive.stop();
  }
}

function compareContents(contents: ArchiveContents, database: DumpedDatabase, archive: DataArchive): Finding {
  const found = new Map(contents.tables.map((table) => [tableKey(table), table.rows]));
  let rows = 0;
  for (const table of archive.tables.map((index) => database.tables[index])) {
    const name = `"${table.schema}"."${table.name}"`;
    const inArchive = found.get(tableKey(table));
    if (inArchive === undefined) return { outcome: 'failed', finding: `table ${name} is not in it` };
    if (inArchive !== table.rows) {
      return { outcome: 'failed', finding: `table ${name} has ${inArchive} rows in it, ${table.rows} were counted` };
    }
    rows += inArchive;
  }
  const known = new Set(database.tables.map(tableKey));
  const own = new Set(archive.tables.map((index) => tableKey(database.tables[index])));
  // A table of an extension may be in the rest without being counted; one that belongs elsewhere may not.
  const stray = contents.tables.find(
    (table) => !own.has(tableKey(table)) && (known.has(tableKey(table)) || !archive.rest),
  );
  if (stray)
    return { outcome: 'failed', finding: `it holds rows of "${stray.schema}"."${stray.name}", which belong elsewhere` };
  return { outcome: 'passed', finding: `every byte read; ${rows} rows of ${archive.tables.length} tables as counted` };
}

function tableKey(table: { schema: string; name: string }): string {
  return JSON.stringify([table.schema, table.name]);
}
