import {
  FAILURE_NAME,
  MANIFEST_FORMAT,
  MANIFEST_NAME,
  pointId,
  pointPrefix,
  serialiseManifest,
  STARTED_NAME,
  VERIFICATION_FORMAT,
  type DumpManifest,
  type FilesManifest,
  type Outcome,
  type PointAddress,
  type RetentionClass,
  type StoredObject,
} from '../../../model';
import { sha256Of, writeVerification } from '../../../runtime/catalog/verification-record';
import type { ObjectStore } from '../../../runtime/store/store';
import { dumpManifest, storeObject } from '../../support/dump-manifest';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** A clock that a test moves: the store's own, and that of the run. */
export class Clock {
  constructor(private time: Date) {}

  readonly now = () => this.time;

  moveTo(time: Date): void {
    this.time = time;
  }

  advance(ms: number): void {
    this.time = new Date(this.time.getTime() + ms);
  }
}

export interface StoredRun {
  readonly class?: RetentionClass;
  readonly run?: string;
  /** What names the point; the store's clock is another matter. */
  readonly time: Date;
  readonly verification?: Outcome | 'not verified';
  /** What became of the run. */
  readonly end?: 'manifest' | 'failure' | 'killed';
}

/** Stores what a run leaves: begun, one object, and how it ended. Gives the point's prefix. */
export async function storeRun(store: ObjectStore, stored: StoredRun): Promise<string> {
  const address: PointAddress = {
    source: 'orders',
    component: 'dump',
    class: stored.class ?? 'daily',
    time: new Date(Math.floor(stored.time.getTime() / 1000) * 1000),
    run: stored.run ?? 'aaaaaa',
  };
  const prefix = pointPrefix(address);
  await store.put(`${prefix}${STARTED_NAME}`, Buffer.from('{}\n'));
  const globals = await storeObject(store, `${prefix}globals.sql.zst`, Buffer.from(`globals of ${prefix}`));
  if (stored.end === 'failure') await store.put(`${prefix}${FAILURE_NAME}`, Buffer.from('{}\n'));
  if (stored.end === 'failure' || stored.end === 'killed') return prefix;
  const text = serialiseManifest(manifest(address, globals));
  await store.put(`${prefix}${MANIFEST_NAME}`, Buffer.from(text), { ifAbsent: true });
  const outcome = stored.verification ?? 'passed';
  if (outcome !== 'not verified') await storeVerification(store, address, outcome, sha256Of(text));
  return prefix;
}

/** Stores a verified recovery point of files that is built on others; gives its id. */
export async function storeFilesPoint(
  store: ObjectStore,
  time: Date,
  dependsOn: readonly string[],
  named: Partial<PointAddress> = {},
): Promise<string> {
  const address: PointAddress = { source: 'orders', component: 'files', class: 'daily', time, run: 'aaaaaa', ...named };
  const prefix = pointPrefix(address);
  const names = ['archive', 'stored', ...(dependsOn.length > 0 ? ['kept'] : [])];
  const objects: StoredObject[] = [];
  for (const name of names) objects.push(await storeObject(store, `${prefix}${name}`, Buffer.from(name)));
  const text = serialiseManifest(filesManifest(address, objects, dependsOn));
  await store.put(`${prefix}${MANIFEST_NAME}`, Buffer.from(text), { ifAbsent: true });
  await storeVerification(store, address, 'passed', sha256Of(text));
  return pointId(address);
}

function filesManifest(
  address: PointAddress,
  objects: readonly StoredObject[],
  dependsOn: readonly string[],
): FilesManifest {
  const isFull = dependsOn.length === 0;
  const nothing = { hardLinks: 0, symbolicLinks: 0, deleted: 0, changedWhileRead: 0, vanished: 0, special: 0 };
  const counts = { ...nothing, files: 0, directories: 1, contentBytes: 0, stored: 1, unchanged: 0 };
  return {
    format: MANIFEST_FORMAT,
    point: pointId(address),
    source: address.source,
    component: 'files',
    class: address.class,
    scheduledAt: null,
    startedAt: address.time.toISOString(),
    finishedAt: address.time.toISOString(),
    tool: { name: 'postgres-backup', version: '1.2.3' },
    client: { tar: '1.34', zstd: '1.5.7' },
    volumes: [
      {
        name: 'media',
        kind: isFull ? 'full' : 'incremental',
        listedAt: address.time.toISOString(),
        archive: 0,
        storedIndex: 1,
        keptIndex: isFull ? null : 2,
        builtOn: dependsOn.map((point) => ({ point, class: 'daily', archiveSha256: 'ab'.repeat(32) })),
        counts,
      },
    ],
    objects,
    dependsOn,
    totals: {
      storedBytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      objects: objects.length,
      items: 1,
    },
    warnings: [],
  };
}

export async function storeVerification(
  store: ObjectStore,
  address: PointAddress,
  outcome: Outcome,
  manifestSha256: string,
): Promise<void> {
  await writeVerification(store, pointPrefix(address), {
    format: VERIFICATION_FORMAT,
    point: pointId(address),
    source: address.source,
    component: address.component,
    outcome,
    depth: 'read',
    verifiedAt: address.time.toISOString(),
    durationMs: 1,
    manifestSha256,
    findings: [],
    objects: 1,
    totals: null,
    tool: { name: 'postgres-backup', version: '1.2.3' },
  });
}

function manifest(address: PointAddress, object: StoredObject): DumpManifest {
  return dumpManifest(address, { data: [{ object, class: 'important', tables: [], rest: true }], tables: [] });
}
