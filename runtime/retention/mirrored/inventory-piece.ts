/** A piece of an inventory as retention sees it: which versions it names, and between which keys. */
import { mirroredKey, type InventorySegment, type MirrorRecord, type StoredObject } from '../../../model';
import { parseEntry, readInventoryLines, splitLines } from '../../components/objects/inventory/read-inventory';
import { BackupError } from '../../errors';
import type { VersionEntry } from '../../store/store';
import { decompress } from '../../wal/zstd-process';
import type { RetentionContext } from '../types';

type ReadContext = Pick<RetentionContext, 'store' | 'signal'>;

/** What is looked for. */
export interface Looking {
  /** Whether a version with this id may be of interest: what is not is not even taken apart. */
  readonly mayBe: (versionId: string) => boolean;
  readonly found: (key: string, versionId: string) => void;
}

export interface InventoryPiece {
  /** Keys at the source that it lies between, as far as is known. */
  readonly range: { readonly first: string; readonly last: string } | undefined;
  /**
   * Tells of each version that it names and that is of interest: its key in the vault, and its id.
   *
   * @throws where it is not whole: it may name anything then
   */
  readonly eachNamed: (context: ReadContext, looking: Looking) => Promise<void>;
}

/**
 * One that a manifest names, with its digests.
 *
 * @param state `ending`: the vault may delete it any time; once it is gone, its recovery point cannot be restored any more
 */
export function namedPiece(
  { name, prefix }: MirrorRecord,
  segment: InventorySegment,
  objects: readonly StoredObject[],
  state: 'kept' | 'ending',
): InventoryPiece {
  const { key, first, last } = segment;
  const read = async ({ store, signal }: ReadContext, looking: Looking) => {
    for await (const { lines } of readInventoryLines(store, { name, inventory: [segment] }, objects, signal)) {
      look(lines, { key, prefix }, looking);
    }
  };
  return {
    range: first === null || last === null ? undefined : { first, last },
    eachNamed: (context, looking) => {
      const reading = read(context, looking);
      return state === 'kept' ? reading : reading.catch(unlessGone);
    },
  };
}

/** One that no manifest names: of a run that is at work, failed or was killed, or whose manifest has ended before it. */
export function foundPiece({ key, versionId }: VersionEntry, mirror: string, prefix: string): InventoryPiece {
  const read = async ({ store, signal }: ReadContext, looking: Looking) => {
    const opened = await store.get(key, { versionId, signal });
    try {
      for await (const lines of splitLines(decompress(opened.body, signal), key, mirror)) {
        look(lines, { key, prefix }, looking);
      }
    } finally {
      opened.body.destroy();
    }
  };
  return {
    range: undefined,
    // What has made no recovery point ends by itself; then it is gone.
    eachNamed: (context, looking) => read(context, looking).catch(unlessGone),
  };
}

function look(
  lines: readonly string[],
  { key, prefix }: { readonly key: string; readonly prefix: string },
  { mayBe, found }: Looking,
): void {
  for (const line of lines) {
    const versionId = onlyVersionId(line);
    if (versionId !== undefined && !mayBe(versionId)) continue;
    const entry = parseEntry(line, key);
    found(mirroredKey(prefix, entry), entry.versionId);
  }
}

const FIELD = '"versionId":"';

/**
 * The id in a line, without taking it apart, which costs ten times as much. Within a text the quotes of the field's name would be
 * escaped, so only a tag of that name could be taken for it: then there are two, and the line is taken apart.
 */
function onlyVersionId(line: string): string | undefined {
  const at = line.indexOf(FIELD);
  if (at < 0 || line.lastIndexOf(FIELD) !== at) return undefined;
  const begin = at + FIELD.length;
  const id = line.slice(begin, line.indexOf('"', begin));
  return id.includes('\\') ? undefined : id;
}

function unlessGone(thrown: unknown): void {
  if (thrown instanceof BackupError && thrown.code === 'object-missing') return;
  throw thrown;
}
