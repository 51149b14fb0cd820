/** What a model of the task stores: small objects, and a manifest that is valid in every way. */
import { createHash } from 'node:crypto';
import type { DumpManifest, StoredObject } from '../../../model';
import type { PointWriter } from '../../../runtime/catalog/point-writer';
import { crc32, crc32Base64 } from '../../../runtime/store/crc32';
import type { ObjectStore } from '../../../runtime/store/store';
import { dumpManifest } from '../../support/dump-manifest';

export interface Content {
  readonly rows: number;
  readonly sizeBytes: number;
}

/** What the database of a simulation holds on an ordinary day. */
export const USUAL: Content = { rows: 1_000_000, sizeBytes: 240_000 };

/** Below the folder of the attempt. */
export async function storeContent(
  store: ObjectStore,
  { address, prefix }: Pick<PointWriter, 'address' | 'prefix'>,
  { rows, sizeBytes }: Content,
  startedAt: Date,
  finishedAt: Date,
): Promise<DumpManifest> {
  const globals = await storeObject(store, `${prefix}globals.sql.zst`, 1_200);
  const schema = await storeObject(store, `${prefix}orders/schema.dump.zst`, 8_000);
  const data = await storeObject(store, `${prefix}orders/data-001.dump.zst`, Math.max(1, sizeBytes));
  const content = {
    snapshotAt: startedAt.toISOString(),
    schema,
    data: [{ object: data, class: 'important', tables: [0], rest: true }],
    tables: [{ schema: 'public', name: 'orders', class: 'important', rows }],
  } as const;
  return dumpManifest(address, content, {
    scheduledAt: address.time.toISOString(),
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    globals,
  });
}

async function storeObject(store: ObjectStore, key: string, sizeBytes: number): Promise<StoredObject> {
  const { bytes, sha256, sum } = bodyOf(sizeBytes);
  const { versionId } = await store.put(key, bytes);
  return { key, versionId, sizeBytes, sha256, crc32: sum, parts: [{ sizeBytes, sha256 }] };
}

interface Body {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly sum: string;
}

/** One of each size for all: a month of backups fits in memory, and is summed up once. */
const bodies = new Map<number, Body>();

function bodyOf(sizeBytes: number): Body {
  const known = bodies.get(sizeBytes);
  if (known) return known;
  const bytes = Buffer.alloc(sizeBytes, 'postgres-backup');
  const body = {
    bytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    sum: crc32Base64(crc32(bytes)),
  };
  bodies.set(sizeBytes, body);
  return body;
}
