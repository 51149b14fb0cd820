import type { Component, RetentionClass } from './component';

/**
 * The manifest: what a recovery point is. Written last and conditionally, it names every object with what is needed to
 * prove it unchanged. No manifest, no recovery point.
 */
export const MANIFEST_FORMAT = 'postgres-backup/1';

/** One object of a recovery point, as it was when the store acknowledged it. */
export interface StoredObject {
  /** From the vault's root, without the vault's own prefix: `orders/dump/daily/…/globals.sql.zst`. */
  readonly key: string;
  /** The version that was written; `null` where the store keeps no versions. */
  readonly versionId: string | null;
  readonly sizeBytes: number;
  /** Of the whole object, lower-case hex. */
  readonly sha256: string;
  /** CRC-32 of the whole object, base64, as the store itself keeps and checks it (`FULL_OBJECT`). */
  readonly crc32: string;
  /** In order, without gaps: a reader checks each before it uses a byte of it. */
  readonly parts: readonly StoredPart[];
}

export interface StoredPart {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** How much a table matters. `critical` is restored first; of `ephemeral` only the definition is kept. */
export const TABLE_CLASSES = ['critical', 'important', 'ephemeral'] as const;
export type TableClass = (typeof TABLE_CLASSES)[number];

/** What a dump holds: everything, definitions only, or rows only. */
export const DUMP_CONTENTS = ['all', 'schema', 'data'] as const;
export type DumpContent = (typeof DUMP_CONTENTS)[number];

export interface TableFingerprint {
  readonly schema: string;
  readonly name: string;
  readonly class: TableClass;
  /** `count(*)` in the dump's own snapshot; `null` where the dump holds no rows of it (ephemeral, schema only). */
  readonly rows: number | null;
}

/** One archive (`pg_dump --format=custom`, compressed with zstd) that holds rows. */
export interface DataArchive {
  readonly object: StoredObject;
  readonly class: Exclude<TableClass, 'ephemeral'>;
  /** Indexes into the database's `tables`. */
  readonly tables: readonly number[];
  /** Whether this is the archive that also holds large objects and everything no other archive holds. */
  readonly rest: boolean;
}

export interface DumpedDatabase {
  readonly name: string;
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  /** `c` libc, `i` icu, `b` builtin; as `pg_database.datlocprovider` has it. */
  readonly localeProvider: string;
  readonly icuLocale: string | null;
  /** As the server measured it when the dump began; `null` when the role may not know. */
  readonly sizeBytes: number | null;
  readonly snapshotAt: string;
  /** Where the write-ahead log stood in the snapshot; `null` on a server that would not say. */
  readonly lsn: string | null;
  readonly content: DumpContent;
  /** Definitions: the sections before and after the data, in one archive; `null` for data only. */
  readonly schema: StoredObject | null;
  /** Empty for schema only. */
  readonly data: readonly DataArchive[];
  readonly tables: readonly TableFingerprint[];
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  readonly largeObjects: number;
}

export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT;
  /** The recovery point's id. */
  readonly point: string;
  readonly source: string;
  readonly component: Component;
  readonly class: RetentionClass;
  readonly scheduledAt: string | null;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly tool: { readonly name: 'postgres-backup'; readonly version: string };
  readonly server: { readonly version: string; readonly major: number; readonly standby: boolean };
  readonly client: { readonly postgres: string; readonly zstd: string };
  /** Roles, memberships, tablespaces, without passwords; `null` when they were not asked for. */
  readonly globals: StoredObject | null;
  readonly databases: readonly DumpedDatabase[];
  readonly totals: {
    readonly storedBytes: number;
    readonly objects: number;
    readonly tables: number;
    readonly rows: number;
  };
  readonly warnings: readonly string[];
}

/** Every object a manifest names, in the order a restore reads them. */
export function manifestObjects(manifest: Pick<Manifest, 'globals' | 'databases'>): StoredObject[] {
  const objects: StoredObject[] = manifest.globals ? [manifest.globals] : [];
  for (const database of manifest.databases) {
    if (database.schema) objects.push(database.schema);
    objects.push(...database.data.map((archive) => archive.object));
  }
  return objects;
}

export function serialiseManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 1)}\n`;
}
