import { pointPrefix, type DumpManifest, type PointAddress, type StoredObject } from '../../../model';
import { dumpManifest } from '../../support/dump-manifest';

/** A manifest as a backup of three tables writes it, at this address. */
export function sampleManifest(address: PointAddress): DumpManifest {
  const prefix = pointPrefix(address);
  const [globals, schema, critical, important] = [
    'globals.sql.zst',
    'orders/schema.dump.zst',
    'orders/data-001.dump.zst',
    'orders/data-002.dump.zst',
  ].map((name, index) => sampleObject(`${prefix}${name}`, 100 + index));
  const content = {
    sizeBytes: 1000,
    snapshotAt: '2026-11-20T02:00:04.000Z',
    lsn: '0/1000',
    schema,
    data: [
      { object: critical, class: 'critical', tables: [1], rest: false },
      { object: important, class: 'important', tables: [0], rest: true },
    ],
    tables: [
      { schema: 'public', name: 'a', class: 'important', rows: 3 },
      { schema: 'public', name: 'b', class: 'critical', rows: 4 },
      { schema: 'public', name: 'c', class: 'ephemeral', rows: null },
    ],
    extensions: [{ name: 'plpgsql', version: '1.0' }],
  } as const;
  return dumpManifest(address, content, {
    scheduledAt: '2026-11-20T02:00:00.000Z',
    startedAt: '2026-11-20T02:00:03.000Z',
    finishedAt: '2026-11-20T02:10:03.000Z',
    globals,
  });
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
