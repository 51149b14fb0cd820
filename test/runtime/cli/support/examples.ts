import { createHash } from 'node:crypto';
import type { DumpedDatabase, DumpManifest, StoredObject } from '../../../../model';
import type { RestoreReport } from '../../../../runtime/components/dump/types';

const FOLDER = 'orders/dump/daily/2026/11/20/20261120T021003Z-4k2m9x/';

export function exampleObject(name: string, sizeBytes: number): StoredObject {
  const sha256 = createHash('sha256').update(name).digest('hex');
  return {
    key: `${FOLDER}${name}`,
    versionId: 'v1',
    sizeBytes,
    sha256,
    crc32: 'AAAAAA==',
    parts: [{ sizeBytes, sha256 }],
  };
}

export function exampleDatabase(changes: Partial<DumpedDatabase> = {}): DumpedDatabase {
  return {
    name: 'orders',
    owner: 'app',
    encoding: 'UTF8',
    collate: 'en_US.UTF-8',
    ctype: 'en_US.UTF-8',
    localeProvider: 'c',
    icuLocale: null,
    sizeBytes: 9_400_000_000,
    snapshotAt: '2026-11-20T02:10:05Z',
    lsn: '5/A1B2C3D8',
    content: 'all',
    schema: exampleObject('orders/schema.dump.zst', 81_000),
    data: [
      { object: exampleObject('orders/data-001.dump.zst', 1_900_000_000), class: 'important', tables: [0], rest: true },
    ],
    tables: [
      { schema: 'public', name: 'customers', class: 'important', rows: 212_408 },
      { schema: 'public', name: 'message_queue', class: 'ephemeral', rows: null },
    ],
    extensions: [{ name: 'pgcrypto', version: '1.3' }],
    largeObjects: 12,
    ...changes,
  };
}

export function exampleManifest(changes: Partial<DumpManifest> = {}): DumpManifest {
  return {
    format: 'postgres-backup/1',
    point: '20261120T021003Z-4k2m9x',
    source: 'orders',
    component: 'dump',
    class: 'daily',
    scheduledAt: null,
    startedAt: '2026-11-20T02:10:03Z',
    finishedAt: '2026-11-20T02:13:13Z',
    tool: { name: 'postgres-backup', version: '1.2.3' },
    server: { version: '17.12', major: 17, standby: false },
    client: { postgres: '17.12', zstd: '1.5.7' },
    globals: exampleObject('globals.sql.zst', 1_200),
    databases: [exampleDatabase()],
    totals: { storedBytes: 1_900_082_200, objects: 3, tables: 2, rows: 212_408 },
    warnings: [],
    ...changes,
  };
}

export function examplePassedRestore(changes: Partial<RestoreReport> = {}): RestoreReport {
  return {
    outcome: 'passed',
    point: '20261120T021003Z-4k2m9x',
    source: 'orders',
    database: 'orders',
    target: 'app@db-restore.internal:5432/orders',
    phases: [{ name: 'schema', durationMs: 812.4, summary: '218 objects' }],
    tables: Array.from({ length: 143 }, (_, index) => ({
      schema: 'public',
      name: `table_${index}`,
      class: 'important',
      expectedRows: index,
      foundRows: index,
    })),
    durationMs: 72_000.7,
    warnings: [],
    ...changes,
  };
}
