import {
  MANIFEST_FORMAT,
  pointId,
  pointPrefix,
  type DumpManifest,
  type PointAddress,
  type StoredObject,
} from '../../../model';

/** A manifest as a backup of two tables writes it, at this address. */
export function sampleManifest(address: PointAddress): DumpManifest {
  const prefix = pointPrefix(address);
  const objects = [
    'globals.sql.zst',
    'orders/schema.dump.zst',
    'orders/data-001.dump.zst',
    'orders/data-002.dump.zst',
  ].map((name, index) => sampleObject(`${prefix}${name}`, 100 + index));
  return {
    format: MANIFEST_FORMAT,
    point: pointId(address),
    source: address.source,
    component: 'dump',
    class: address.class,
    scheduledAt: '2026-11-20T02:00:00.000Z',
    startedAt: '2026-11-20T02:00:03.000Z',
    finishedAt: '2026-11-20T02:10:03.000Z',
    tool: { name: 'postgres-backup', version: '0.1.0' },
    server: { version: '17.12', major: 17, standby: false },
    client: { postgres: '17.12', zstd: '1.5.4' },
    globals: objects[0],
    databases: [
      {
        name: 'orders',
        owner: 'postgres',
        encoding: 'UTF8',
        collate: 'C',
        ctype: 'C',
        localeProvider: 'c',
        icuLocale: null,
        sizeBytes: 1000,
        snapshotAt: '2026-11-20T02:00:04.000Z',
        lsn: '0/1000',
        content: 'all',
        schema: objects[1],
        data: [
          { object: objects[2], class: 'critical', tables: [1], rest: false },
          { object: objects[3], class: 'important', tables: [0], rest: true },
        ],
        tables: [
          { schema: 'public', name: 'a', class: 'important', rows: 3 },
          { schema: 'public', name: 'b', class: 'critical', rows: 4 },
          { schema: 'public', name: 'c', class: 'ephemeral', rows: null },
        ],
        extensions: [{ name: 'plpgsql', version: '1.0' }],
        largeObjects: 0,
      },
    ],
    totals: { storedBytes: 406, objects: 4, tables: 3, rows: 7 },
    warnings: [],
  };
}

function sampleObject(key: string, sizeBytes: number): StoredObject {
  const sha256 = 'ab'.repeat(32);
  return {
    key,
    versionId: 'v1',
    sizeBytes,
    sha256,
    crc32: 'fmrQ/A==',
    parts: [
      { sizeBytes: 60, sha256 },
      { sizeBytes: sizeBytes - 60, sha256 },
    ],
  };
}
