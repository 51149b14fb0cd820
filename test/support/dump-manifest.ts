/** The manifest of a dump as it is at an address. What a test is about is said; the rest is as of any other, and adds up. */
import { createHash } from 'node:crypto';
import {
  MANIFEST_FORMAT,
  pointId,
  type DumpManifest,
  type DumpedDatabase,
  type PointAddress,
  type StoredObject,
} from '../../model';
import { crc32, crc32Base64 } from '../../runtime/store/crc32';
import type { ObjectStore } from '../../runtime/store/store';

/** What the one database holds, and where. */
export type DumpedContent = Pick<DumpedDatabase, 'data' | 'tables'> & Partial<DumpedDatabase>;

export function dumpManifest(
  address: PointAddress,
  content: DumpedContent,
  changes: Partial<DumpManifest> = {},
): DumpManifest {
  const { globals = null } = changes;
  const { schema = null, data, tables } = content;
  const objects = [globals, schema, ...data.map(({ object }) => object)].filter((one) => one !== null);
  return {
    format: MANIFEST_FORMAT,
    point: pointId(address),
    source: address.source,
    component: 'dump',
    class: address.class,
    scheduledAt: null,
    startedAt: address.time.toISOString(),
    finishedAt: address.time.toISOString(),
    tool: { name: 'postgres-backup', version: '1.2.3' },
    server: { version: '17.12', major: 17, standby: false },
    client: { postgres: '17.12', zstd: '1.5.7' },
    globals,
    databases: [
      {
        name: 'orders',
        owner: 'app',
        encoding: 'UTF8',
        collate: 'C',
        ctype: 'C',
        localeProvider: 'c',
        icuLocale: null,
        sizeBytes: null,
        snapshotAt: address.time.toISOString(),
        lsn: null,
        content: schema ? 'all' : 'data',
        schema,
        extensions: [],
        largeObjects: 0,
        ...content,
      },
    ],
    totals: {
      storedBytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      objects: objects.length,
      tables: tables.length,
      rows: tables.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
    },
    warnings: [],
    ...changes,
  };
}

/** Stores bytes as one part, and gives what a manifest says of them. */
export async function storeObject(store: ObjectStore, key: string, bytes: Buffer): Promise<StoredObject> {
  const { versionId } = await store.put(key, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const sizeBytes = bytes.length;
  return { key, versionId, sizeBytes, sha256, crc32: crc32Base64(crc32(bytes)), parts: [{ sizeBytes, sha256 }] };
}
