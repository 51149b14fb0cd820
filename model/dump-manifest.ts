import type { CatalogFingerprint } from './catalog-fingerprint';
import type { ManifestHead } from './manifest-head';
import type { StoredObject } from './stored-object';

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
  /** Digest of the rows in the same snapshot, as `contentHashSql` has it; absent where it was not asked for. */
  readonly contentHash?: string;
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
  /** What it was made of besides rows, for a drill to compare; absent in manifests of old. */
  readonly catalog?: CatalogFingerprint;
}

/** The manifest of a dump. */
export interface DumpManifest extends ManifestHead {
  readonly component: 'dump';
  readonly server: { readonly version: string; readonly major: number; readonly standby: boolean };
  readonly client: { readonly postgres: string; readonly zstd: string };
  /** Roles, memberships, tablespaces, without passwords; `null` when they were not asked for. */
  readonly globals: StoredObject | null;
  readonly databases: readonly DumpedDatabase[];
  readonly totals: ManifestHead['totals'] & { readonly tables: number; readonly rows: number };
}

/** Every object of a dump, in the order a restore reads them. */
export function dumpObjects({ globals, databases }: Pick<DumpManifest, 'globals' | 'databases'>): StoredObject[] {
  const objects: StoredObject[] = globals ? [globals] : [];
  for (const database of databases) {
    if (database.schema) objects.push(database.schema);
    objects.push(...database.data.map((archive) => archive.object));
  }
  return objects;
}
