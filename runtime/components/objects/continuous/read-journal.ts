/**
 * Reads the journal of a mirror in order of the keys, though its pieces are in order of time. Memory does not grow with it: so many
 * of the smallest keys are taken in one pass over the pieces, and the next ones in another.
 */
import { setMaxListeners } from 'node:events';
import { gunzipSync } from 'node:zlib';
import {
  compareKeys,
  inventoryEntryProblem,
  isInventoryHeader,
  journalPrefix,
  journalStart,
  type InventoryEntry,
} from '../../../../model';
import { BackupError } from '../../../errors';
import type { KnownEntry } from '../inventory/read-inventory';
import type { MirrorContext } from '../types';

/** Entries of one pass: some hundred bytes each, and up to twice as many meanwhile. */
const ENTRIES_IN_MEMORY = 60_000;
/** Entries that are handed on at once. */
const BATCH = 1_000;
/** Pieces that are fetched at once. */
const PIECES_AT_ONCE = 16;
/** A piece unpacked; larger ones are not ours. */
const LARGEST_PIECE_BYTES = 128 * 1024 * 1024;
/** The store repeats its requests itself; what ends in the middle of a body is repeated here. */
const MOST_READS = 3;
/** Clocks of the function and the task may differ so much. */
const CLOCKS_APART_MS = 15 * 60_000;

export interface Journal {
  readonly name: string;
  /** Of the mirror. */
  readonly prefix: string;
  /** Pieces that were stored before are not looked at; absent: all. */
  readonly since?: Date;
}

/** The newest entry of each key. No manifest vouches for a piece: what cannot be read is left out, and copied again. */
export async function* entriesOfJournal(
  journal: Journal,
  context: MirrorContext,
  entriesInMemory = ENTRIES_IN_MEMORY,
): AsyncGenerator<readonly KnownEntry[]> {
  // Each request on its way listens to it.
  setMaxListeners(0, context.signal);
  const pieces = await listPieces(journal, context);
  const unusable = new Set<string>();
  let after: string | undefined;
  for (;;) {
    const smallest = new SmallestKeys(after, entriesInMemory);
    for (let at = 0; at < pieces.length; at += PIECES_AT_ONCE) {
      context.signal.throwIfAborted();
      const some = pieces.slice(at, at + PIECES_AT_ONCE).filter((piece) => !unusable.has(piece));
      const read = await Promise.all(some.map((piece) => readPiece(piece, journal.name, context, unusable)));
      for (const lines of read) for (const line of lines) smallest.offer(line);
    }
    const entries = smallest.sorted();
    for (let at = 0; at < entries.length; at += BATCH) yield parseEach(entries.slice(at, at + BATCH), context);
    if (!smallest.areThereMore) return;
    after = entries[entries.length - 1].key;
  }
}

async function listPieces({ prefix, since }: Journal, { store }: MirrorContext): Promise<string[]> {
  const folder = journalPrefix(prefix);
  const startAfter = since && `${folder}${journalStart(new Date(since.getTime() - CLOCKS_APART_MS))}`;
  const pieces: string[] = [];
  for await (const entry of store.list(folder, { startAfter })) if (entry.kind === 'object') pieces.push(entry.key);
  return pieces;
}

async function readPiece(key: string, mirror: string, context: MirrorContext, unusable: Set<string>): Promise<Line[]> {
  for (let reads = 1; ; reads++) {
    try {
      return await readOnce(key, mirror, context);
    } catch (error) {
      context.signal.throwIfAborted();
      if (isDamage(error)) {
        unusable.add(key);
        context.reporter.warn(`a piece of what was mirrored between the runs is not used: ${key}: ${describe(error)}`);
        return [];
      }
      // The answer was good and its body broke off: connections do.
      if (error instanceof BackupError || reads === MOST_READS) throw error;
    }
  }
}

async function readOnce(key: string, mirror: string, { store, signal }: MirrorContext): Promise<Line[]> {
  const { body } = await store.get(key, { signal });
  const packed = Buffer.concat((await body.toArray()) as Buffer[]);
  const text = gunzipSync(packed, { maxOutputLength: LARGEST_PIECE_BYTES }).toString();
  const [header, ...lines] = text.split('\n');
  if (!isInventoryHeader(header, mirror)) throw damaged(key, `it does not begin as an inventory of ${mirror}`);
  if (lines.pop() !== '') throw damaged(key, 'it ends in the middle of a line');
  return lines.map((line) => ({ key: keyOf(line, key), line }));
}

/** Of most lines, a pass needs no more than the key, with which each begins: reading all of each takes ten times as long. */
function keyOf(line: string, piece: string): string {
  const [, key] = /^\{"key":("(?:[^"\\]|\\.)*")/.exec(line) ?? [];
  if (key === undefined) throw damaged(piece, 'a line of it does not begin with a key');
  return JSON.parse(key) as string;
}

function damaged(key: string, detail: string): BackupError {
  return new BackupError('object-damaged', `${JSON.stringify(key)} is no good piece of a journal`, { detail });
}

function describe(error: Error): string {
  return (error instanceof BackupError && error.detail) || error.message;
}

function isDamage(error: unknown): error is Error {
  if (error instanceof BackupError) return error.code === 'object-damaged';
  const { code = '' } = error as NodeJS.ErrnoException;
  return /^Z_|^ERR_BUFFER_TOO_LARGE$|^ERR_ENCODING_INVALID_ENCODED_DATA$/.test(code);
}

/** What is kept of an entry meanwhile. */
type Line = Pick<KnownEntry, 'key' | 'line'>;

function parseEach(lines: readonly Line[], { reporter }: MirrorContext): KnownEntry[] {
  return lines.flatMap(({ key, line }) => {
    const entry = parsed(line);
    const problem = inventoryEntryProblem(entry);
    if (problem === undefined) return [{ ...(entry as InventoryEntry), line }];
    reporter.warn(`what was mirrored between the runs of ${JSON.stringify(key)} is not used: ${problem}`);
    return [];
  });
}

function modifiedOf({ line }: Line): string {
  return String((parsed(line) as Partial<InventoryEntry> | undefined)?.modified);
}

function copyOf({ key, line }: Line): Line {
  return { key, line: Buffer.from(line).toString() };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Keeps the entries of the smallest keys after one, of each key the newest. */
class SmallestKeys {
  /** Something was left out. */
  areThereMore = false;
  private readonly entries = new Map<string, Line>();
  private largest: string | undefined;

  constructor(
    private readonly after: string | undefined,
    private readonly most: number,
  ) {}

  offer(entry: Line): void {
    const { key } = entry;
    if (this.after !== undefined && compareKeys(key, this.after) <= 0) return;
    if (this.largest !== undefined && compareKeys(key, this.largest) > 0) {
      this.areThereMore = true;
      return;
    }
    const known = this.entries.get(key);
    // A copy: a piece of a text keeps all of the text in memory.
    if (!known || modifiedOf(known) <= modifiedOf(entry)) this.entries.set(key, copyOf(entry));
    if (this.entries.size >= 2 * this.most) this.leaveOutLarge();
  }

  sorted(): Line[] {
    if (this.entries.size > this.most) this.leaveOutLarge();
    return [...this.entries.values()].sort((a, b) => compareKeys(a.key, b.key));
  }

  private leaveOutLarge(): void {
    const keys = [...this.entries.keys()].sort(compareKeys);
    for (const key of keys.splice(this.most)) this.entries.delete(key);
    this.largest = keys[keys.length - 1];
    this.areThereMore = true;
  }
}
