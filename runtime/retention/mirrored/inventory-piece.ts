/** A piece of an inventory as retention sees it: which versions it names, and between which keys. */
import {
  mirroredKey,
  type InventoryEntry,
  type InventorySegment,
  type MirrorRecord,
  type StoredObject,
} from '../../../model';
import { parseLines, readInventory } from '../../components/objects/inventory/read-inventory';
import { BackupError } from '../../errors';
import type { VersionEntry } from '../../store/store';
import { decompress } from '../../wal/zstd-process';
import type { RetentionContext } from '../types';

type Entries = AsyncIterable<readonly InventoryEntry[]>;
type ReadContext = Pick<RetentionContext, 'store' | 'signal'>;

export interface InventoryPiece {
  /** Keys at the source that it lies between, as far as is known. */
  readonly range: { readonly first: string; readonly last: string } | undefined;
  /**
   * Tells of each version that it names: its key in the vault, and its id.
   *
   * @throws where it is not whole: it may name anything then
   */
  readonly eachNamed: (context: ReadContext, tell: (key: string, versionId: string) => void) => Promise<void>;
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
  const { first, last } = segment;
  const entries = ({ store, signal }: ReadContext) =>
    readInventory(store, { name, inventory: [segment] }, objects, signal);
  return {
    range: first === null || last === null ? undefined : { first, last },
    eachNamed: (context, tell) => {
      const telling = tellAll(entries(context), prefix, tell);
      return state === 'kept' ? telling : telling.catch(unlessGone);
    },
  };
}

/** One that no manifest names: of a run that is at work, failed or was killed, or whose manifest has ended before it. */
export function foundPiece({ key, versionId }: VersionEntry, mirror: string, prefix: string): InventoryPiece {
  async function* entries({ store, signal }: ReadContext): AsyncGenerator<readonly InventoryEntry[]> {
    const opened = await store.get(key, { versionId, signal });
    try {
      yield* parseLines(decompress(opened.body, signal), key, mirror);
    } finally {
      opened.body.destroy();
    }
  }
  return {
    range: undefined,
    // What has made no recovery point ends by itself; then it is gone.
    eachNamed: (context, tell) => tellAll(entries(context), prefix, tell).catch(unlessGone),
  };
}

async function tellAll(
  entries: Entries,
  prefix: string,
  tell: (key: string, versionId: string) => void,
): Promise<void> {
  for await (const batch of entries) {
    for (const entry of batch) tell(mirroredKey(prefix, entry), entry.versionId);
  }
}

function unlessGone(thrown: unknown): void {
  if (thrown instanceof BackupError && thrown.code === 'object-missing') return;
  throw thrown;
}
