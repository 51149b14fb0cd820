/** Recovery points made up in memory, good as far as the store can tell: for what is not about the archives' content. */
import {
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
import { DEFAULT_EXPECTATIONS } from '../../../runtime/verification/expectations';
import { verifyAndRecord, type VerifyOptions } from '../../../runtime/verification/verify-and-record';
import { dumpManifest, storeObject } from '../../support/dump-manifest';
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

function fingerprints(tables: number, rows: number): TableFingerprint[] {
  return Array.from({ length: tables }, (_, index) => ({
    schema: 'public',
    name: `t${index}`,
    class: 'important',
    rows: index === 0 ? rows : 0,
  }));
}

function manifestOf(address: PointAddress, object: StoredObject, tables: TableFingerprint[]): DumpManifest {
  const data = [{ object, class: 'important' as const, tables: tables.map((_, index) => index), rest: true }];
  return dumpManifest(address, { data, tables });
}
