import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { inventoryHeader, journalPieceName, journalPrefix, type InventoryEntry } from '../../../../model';
import type { ObjectStore } from '../../../store/store';

/** Stores a piece of a mirror's journal: written only when all of its objects are. */
export async function writeJournal(
  store: ObjectStore,
  mirror: { readonly name: string; readonly prefix: string },
  entries: readonly InventoryEntry[],
  now: Date,
): Promise<void> {
  const lines = [inventoryHeader(mirror.name), ...entries.map((entry) => JSON.stringify(entry))];
  const key = `${journalPrefix(mirror.prefix)}${journalPieceName(now, randomUUID().slice(0, 8))}`;
  // Gzip, not zstd: functions have no such program, and its checksum shows a damaged piece as well.
  await store.put(key, gzipSync(`${lines.join('\n')}\n`), { contentType: 'application/gzip' });
}
