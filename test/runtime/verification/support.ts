/** Recovery points made up in memory, good as far as the store can tell: for what is not about the archives' content. */
import { createHash } from 'node:crypto';
import {
  pointId,
  pointPrefix,
  serialiseManifest,
  type DumpManifest,
  type PointAddress,
  type RetentionClass,
  type StoredObject,
  type TableFingerprint,
} from '../../../model';
import { silentReporter } from '../../../runtime/observe/reporter';
import type { ObjectStore } from '../../../runtime/store/store';
import { crc32, crc32Base64 } from '../../../runtime/store/crc32';
import { DEFAULT_EXPECTATIONS } from '../../../runtime/verification/expectations';
import { verifyAndRecord, type VerifyOptions } from '../../../runtime/verification/verify-and-record';
import { MemoryStore } from '../../support/memory-store';

export interface MadePoint {
  readonly address: PointAddress;
  readonly prefix: string;
  readonly manifest: DumpManifest;
}

export interface PointSettings {
  readonly time?: string;
  readonly class?: RetentionClass;
  readonly sizeBytes?: number;
  readonly rows?: number;
  readonly tables?: number;
  readonly change?: (manifest: DumpManifest) => DumpManifest;
}

/** A store whose clock the test moves. */
export function clockedStore(start = '2026-11-20T03:00:00Z') {
  const clock = { now: new Date(start) };
  return { clock, store: new MemoryStore(() => clock.now) };
}

/** Stores a recovery point of one archive; its bytes are noise. */
export async function storePoint(store: ObjectStore, settings: PointSettings = {}): Promise<MadePoint> {
  const { time = '2026-11-20T02:00:00Z', sizeBytes = 5000, rows = 1000, tables = 1 } = settings;
  const address: PointAddress = {
    source: 'orders',
    component: 'dump',
    class: settings.class ?? 'daily',
    time: new Date(time),
    run: 'aaaaaa',
  };
  const prefix = pointPrefix(address);
  const object = await storeObject(store, `${prefix}orders/data-001.dump.zst`, Buffer.alloc(sizeBytes, time));
  const manifest = manifestOf(address, object, fingerprints(tables, rows));
  const stored = settings.change?.(manifest) ?? manifest;
  await store.put(`${prefix}manifest.json`, Buffer.from(serialiseManifest(stored)));
  return { address, prefix, manifest: stored };
}

export function verifyOptions(changes: Partial<VerifyOptions> = {}): VerifyOptions {
  return {
    depth: 'stored',
    expectations: DEFAULT_EXPECTATIONS,
    reporter: silentReporter,
    signal: new AbortController().signal,
    now: () => new Date('2026-11-20T03:00:00Z'),
    ...changes,
  };
}

export function verifyStored(store: ObjectStore, { address }: MadePoint, changes: Partial<VerifyOptions> = {}) {
  return verifyAndRecord(store, address, verifyOptions(changes));
}

async function storeObject(store: ObjectStore, key: string, bytes: Buffer): Promise<StoredObject> {
  const { versionId } = await store.put(key, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    key,
    versionId,
    sizeBytes: bytes.length,
    sha256,
    crc32: crc32Base64(crc32(bytes)),
    parts: [{ sizeBytes: bytes.length, sha256 }],
  };
}

function fingerprints(tables: number, rows: number): TableFingerprint[] {
  return Array.from({ length: tables }, (_, index) => ({
    schema: 'public',
    name: `t${index}`,
    class: 'important',
    rows: index === 0 ? rows : 0,
  }));
}

function manifestOf(address: PointAddress, object: StoredObject, tables: TableFingerprint[]): DumpManifest {
  return {
    format: 'postgres-backup/1',
    point: pointId(address),
    source: address.source,
    component: 'dump',
    class: address.class,
    scheduledAt: null,
    startedAt: address.time.toISOString(),
    finishedAt: address.time.toISOString(),
    tool: { name: 'postgres-backup', version: '0.1.0' },
    server: { version: '17.12', major: 17, standby: false },
    client: { postgres: '17.12', zstd: '1.5.7' },
    globals: null,
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
        content: 'data',
        schema: null,
        data: [{ object, class: 'important', tables: tables.map((_, index) => index), rest: true }],
        tables,
        extensions: [],
        largeObjects: 0,
      },
    ],
    totals: {
      storedBytes: object.sizeBytes,
      objects: 1,
      tables: tables.length,
      rows: tables.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
    },
    warnings: [],
  };
}
