/** What is known to be in the vault already: the last good recovery point, and what later runs had stored when they failed. */
import { pointId, pointPrefix, type ObjectsManifest } from '../../../../model';
import { findPoint } from '../../../catalog/catalog';
import type { RecoveryPoint } from '../../../catalog/recovery-point';
import { surveyRuns } from '../../../catalog/survey';
import { BackupError } from '../../../errors';
import type { ObjectStore } from '../../../store/store';
import { decompress } from '../../../wal/zstd-process';
import { inventoryPrefix } from '../inventory/inventory-writer';
import { parseLines, readInventory, type KnownEntry } from '../inventory/read-inventory';
import type { MirrorContext } from '../types';

/** Runs that failed and whose inventories are looked at: the newest, so many. */
const MOST_FAILED_RUNS = 3;

export interface KnownRuns {
  readonly last: RecoveryPoint<ObjectsManifest> | undefined;
  /** Folders of runs that were begun after it and made no recovery point, the newest first. */
  readonly failed: readonly string[];
}

/** @param own folder of the run that asks */
export async function findKnownRuns(source: string, own: string, context: MirrorContext): Promise<KnownRuns> {
  const { store, reporter } = context;
  const last = await lastPoint(store, source, (point, reason) => reporter.warn(`${point} is passed over: ${reason}`));
  const runs = await surveyRuns(store, source, 'objects');
  const newer = runs.filter(
    (run) => run.manifestAt === undefined && (!last || pointId(run.address) > pointId(last.address)),
  );
  const failed = newer.map((run) => pointPrefix(run.address)).filter((prefix) => prefix !== own);
  return { last, failed: failed.slice(0, MOST_FAILED_RUNS) };
}

/** Entries of a mirror in the last recovery point; nothing when it has no such mirror. */
export function entriesOfLast(
  { last }: KnownRuns,
  mirror: string,
  context: MirrorContext,
): AsyncIterable<readonly KnownEntry[]> {
  const record = last?.manifest.mirrors.find(({ name }) => name === mirror);
  if (!last || !record) return nothing();
  return readInventory(context.store, record, last.manifest.objects, context.signal);
}

/**
 * Entries that a failed run had stored. No manifest vouches for them, but each piece was completed only after all of its
 * objects were, and its own checksum shows whether it is whole. What cannot be read is copied again.
 */
export async function* entriesOfFailed(
  prefix: string,
  mirror: string,
  { store, signal, reporter }: MirrorContext,
): AsyncGenerator<readonly KnownEntry[]> {
  for await (const entry of store.list(inventoryPrefix(prefix, mirror))) {
    if (entry.kind !== 'object') continue;
    const opened = await store.get(entry.key, { signal });
    try {
      yield* parseLines(decompress(opened.body, signal), entry.key, mirror);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BackupError)) throw error;
      reporter.warn(`what a failed run had stored is not used: ${error.message}`);
      return;
    } finally {
      opened.body.destroy();
    }
  }
}

async function lastPoint(
  store: ObjectStore,
  source: string,
  onPassedOver: (point: string, reason: string) => void,
): Promise<RecoveryPoint<ObjectsManifest> | undefined> {
  try {
    return await findPoint(store, source, 'objects', 'latest', onPassedOver);
  } catch (error) {
    if (error instanceof BackupError && error.code === 'point-missing') return undefined;
    throw error;
  }
}

async function* nothing(): AsyncGenerator<readonly KnownEntry[]> {
  // The first run knows of nothing.
}
