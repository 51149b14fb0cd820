/** Reads inventories back, some hundred lines at a time, from compressed pieces whose every byte is checked. */
import {
  inventoryEntryProblem,
  isInventoryHeader,
  type InventoryEntry,
  type MirrorRecord,
  type StoredObject,
} from '../../../../model';
import { BackupError } from '../../../errors';
import type { ObjectStore } from '../../../store/store';
import { openVerified } from '../../../store/verified-download';
import { decompress } from '../../../wal/zstd-process';

/** An entry, and the line that it was read from. */
export interface KnownEntry extends InventoryEntry {
  readonly line: string;
}

/** A mirror's inventory in a recovery point, in order of the keys. */
export async function* readInventory(
  store: ObjectStore,
  mirror: Pick<MirrorRecord, 'name' | 'inventory'>,
  objects: readonly StoredObject[],
  signal: AbortSignal,
): AsyncGenerator<readonly KnownEntry[]> {
  for await (const { key, lines } of readInventoryLines(store, mirror, objects, signal)) {
    yield lines.map((line) => parseEntry(line, key));
  }
}

/** The same, not taken apart: for who looks for few of many. What is in a line is held against nothing yet. */
export async function* readInventoryLines(
  store: ObjectStore,
  mirror: Pick<MirrorRecord, 'name' | 'inventory'>,
  objects: readonly StoredObject[],
  signal: AbortSignal,
): AsyncGenerator<{ readonly key: string; readonly lines: readonly string[] }> {
  for (const segment of mirror.inventory) {
    const object = objects.find(({ key }) => key === segment.key);
    if (!object) throw damaged(segment.key, 'the manifest does not name it');
    let entries = 0;
    for await (const lines of readSegment(store, object, mirror.name, signal)) {
      entries += lines.length;
      yield { key: segment.key, lines };
    }
    if (entries !== segment.entries) {
      throw damaged(segment.key, `it has ${entries} entries, the manifest says ${segment.entries}`);
    }
  }
}

async function* readSegment(
  store: ObjectStore,
  object: StoredObject,
  mirror: string,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const stored = openVerified(store, object, { signal });
  try {
    yield* splitLines(decompress(stored, signal), object.key, mirror);
  } finally {
    stored.destroy();
  }
}

/** The entries of one piece: its first line says whose it is. */
export async function* parseLines(
  content: AsyncIterable<Buffer>,
  key: string,
  mirror: string,
): AsyncGenerator<readonly KnownEntry[]> {
  for await (const lines of splitLines(content, key, mirror)) yield lines.map((line) => parseEntry(line, key));
}

export async function* splitLines(
  content: AsyncIterable<Buffer>,
  key: string,
  mirror: string,
): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let headed = false;
  for await (const chunk of content) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (!headed && lines.length > 0) {
      if (!isInventoryHeader(lines[0], mirror)) throw damaged(key, `it does not begin as an inventory of ${mirror}`);
      headed = true;
      lines.shift();
    }
    if (lines.length > 0) yield lines;
  }
  if (!headed || rest !== '') throw damaged(key, 'it ends in the middle of a line');
}

/** @param key of the piece, for the error */
export function parseEntry(line: string, key: string): KnownEntry {
  let entry: KnownEntry;
  try {
    entry = JSON.parse(line) as KnownEntry;
  } catch (error) {
    throw damaged(key, `a line of it is not JSON (${(error as Error).message})`);
  }
  const problem = inventoryEntryProblem(entry);
  if (problem !== undefined) throw damaged(key, `of a line of it, ${problem}`);
  return Object.assign(entry, { line });
}

function damaged(key: string, detail: string): BackupError {
  return new BackupError('object-damaged', `${JSON.stringify(key)} is no good inventory`, {
    detail,
    hint: 'Use another recovery point, or this one from a copy of the vault.',
  });
}
