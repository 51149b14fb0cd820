/** What is known to be in the vault already: the last good recovery point, and what later runs had stored when they failed. */
import { attemptFolder, pointId, type ObjectsManifest } from '../../../../model';
import { goodPoints } from '../../../catalog/catalog';
import type { RecoveryPoint } from '../../../catalog/recovery-point';
import { surveyRuns, type SurveyedRun } from '../../../catalog/survey';
import { BackupError } from '../../../errors';
import { decompress } from '../../../wal/zstd-process';
import { inventoryPrefix } from '../inventory/inventory-writer';
import { parseLines, readInventory, type KnownEntry } from '../inventory/read-inventory';
import type { MirrorContext } from '../types';

/** Attempts that failed and whose inventories are looked at: the newest, so many. Each has taken over from those before it. */
const MOST_FAILED = 3;
/** Recovery points that are read to find a mirror: those of a new one, none has. */
const MOST_POINTS = 20;

/** Of one mirror. */
export interface KnownRuns {
  /** The newest good one that has the mirror: others may be of other mirrors, made by hand. */
  readonly last: RecoveryPoint<ObjectsManifest> | undefined;
  /** Folders of attempts that were begun after it and made no recovery point, the newest first. */
  readonly failed: readonly string[];
}

/**
 * What is known of each of the mirrors.
 *
 * @param own folder of the attempt that asks
 */
export async function findKnownRuns(
  source: string,
  own: string,
  mirrors: readonly string[],
  context: MirrorContext,
): Promise<(mirror: string) => KnownRuns> {
  const lasts = await lastPoints(source, mirrors, context);
  const runs = await surveyRuns(context.store, source, 'objects');
  const unmade = runs.filter(({ manifestAt }) => manifestAt === undefined);
  return (mirror) => {
    const last = lasts.get(mirror);
    const newer = unmade.filter(({ address }) => !last || pointId(address) > pointId(last.address));
    const failed = newer.flatMap(foldersOf).filter((folder) => folder !== own);
    return { last, failed: failed.slice(0, MOST_FAILED) };
  };
}

function foldersOf({ prefix, attempts }: SurveyedRun): string[] {
  return attempts.map((attempt) => `${prefix}${attemptFolder(attempt)}`);
}

/** Of each mirror that one of the newest has. */
async function lastPoints(
  source: string,
  mirrors: readonly string[],
  { store, reporter }: MirrorContext,
): Promise<ReadonlyMap<string, RecoveryPoint<ObjectsManifest>>> {
  const found = new Map<string, RecoveryPoint<ObjectsManifest>>();
  const passOver = (point: string, reason: string) => reporter.warn(`${point} is passed over: ${reason}`);
  let read = 0;
  for await (const point of goodPoints(store, source, 'objects', passOver)) {
    for (const { name } of point.manifest.mirrors) if (!found.has(name)) found.set(name, point);
    if (mirrors.every((name) => found.has(name)) || ++read === MOST_POINTS) break;
  }
  return found;
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
 * Entries that a failed attempt had stored. No manifest vouches for them, but each piece was completed only after all of its
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

async function* nothing(): AsyncGenerator<readonly KnownEntry[]> {
  // The first run knows of nothing.
}
