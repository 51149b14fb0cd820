/**
 * Ends the mirrored versions that no recovery point needs any more: marks them with the tag by which the vault's lifecycle deletes.
 * A version ends only when every inventory in the vault that could name it was read whole, and none does. Memory does not grow with
 * the mirror.
 */
import { EXPIRY_TAG, longKeysPrefix, mayEndVersion } from '../../../model';
import { BackupError } from '../../errors';
import { runBounded } from '../../process/bounded';
import type { VersionEntry } from '../../store/store';
import type { RetentionContext } from '../types';
import { Candidates } from './candidates';
import { findHolders, type MirrorHolders } from './holders';
import type { InventoryPiece, Looking } from './inventory-piece';

export interface EndMirroredRequest {
  readonly source: string;
  /** `show`: nothing is changed. */
  readonly mode: 'show' | 'mark';
}

/** What is named by nothing. With `mark` it is marked now; what was marked before and is still there is among it. */
export interface EndedVersions {
  readonly versions: number;
  readonly sizeBytes: number;
  readonly mirrors: readonly EndedOfMirror[];
}

export interface EndedOfMirror {
  readonly mirror: string;
  readonly versions: number;
  readonly sizeBytes: number;
  /** The first of them. */
  readonly examples: readonly { readonly key: string; readonly versionId: string; readonly sizeBytes: number }[];
}

/** Versions that are looked for in the inventories together. */
const LOOKED_FOR_AT_ONCE = 50_000;
/** So many are found before the first is marked: in a smaller vault nothing is marked before everything was read. */
const MARKED_TOGETHER = 100_000;
const MARKED_AT_ONCE = 32;
const MOST_EXAMPLES = 20;

/** Safe to repeat and to stop anywhere: what is marked was over, whatever comes after it. */
export async function endMirrored(request: EndMirroredRequest, context: RetentionContext): Promise<EndedVersions> {
  const marking = new Marking(request.mode, context);
  const mirrors: EndedOfMirror[] = [];
  for (const holders of await findHolders(request.source, context)) {
    mirrors.push(await endOfMirror(holders, marking, context));
  }
  await marking.flush();
  return {
    versions: mirrors.reduce((sum, one) => sum + one.versions, 0),
    sizeBytes: mirrors.reduce((sum, one) => sum + one.sizeBytes, 0),
    mirrors,
  };
}

async function endOfMirror(
  holders: MirrorHolders,
  marking: Marking,
  context: RetentionContext,
): Promise<EndedOfMirror> {
  let versions = 0;
  let sizeBytes = 0;
  const examples: EndedOfMirror['examples'][number][] = [];
  for (const below of [holders.prefix, longKeysPrefix(holders.prefix)]) {
    for await (const version of unnamedBelow(below, holders, context)) {
      versions++;
      sizeBytes += version.sizeBytes;
      const { key, versionId } = version;
      if (examples.length < MOST_EXAMPLES) examples.push({ key, versionId, sizeBytes: version.sizeBytes });
      await marking.add(version);
    }
  }
  return { mirror: holders.mirror, versions, sizeBytes, examples };
}

/** What the newest inventory does not name is gathered, so that each older one is read once for many. */
async function* unnamedBelow(
  below: string,
  holders: MirrorHolders,
  context: RetentionContext,
): AsyncGenerator<VersionEntry> {
  let gathered = new Candidates(holders.prefix);
  for await (const candidates of candidatesBelow(below, holders, context)) {
    await strikeNamed(candidates, holders.newest, context);
    for (const version of candidates.left()) gathered.add(version);
    if (gathered.size < LOOKED_FOR_AT_ONCE) continue;
    await strikeNamed(gathered, holders.others, context);
    yield* gathered.left();
    gathered = new Candidates(holders.prefix);
  }
  await strikeNamed(gathered, holders.others, context);
  yield* gathered.left();
}

async function* candidatesBelow(
  below: string,
  { prefix, lookedAgainAt }: MirrorHolders,
  { store, signal, now }: RetentionContext,
): AsyncGenerator<Candidates> {
  const at = now();
  let candidates = new Candidates(prefix);
  for await (const version of store.versions(below)) {
    signal.throwIfAborted();
    if (!mayEndVersion({ storedAt: version.lastModified }, lookedAgainAt, at)) continue;
    candidates.add(version);
    if (candidates.size < LOOKED_FOR_AT_ONCE) continue;
    yield candidates;
    candidates = new Candidates(prefix);
  }
  if (candidates.size > 0) yield candidates;
}

/** One piece after the other, until there is nothing left to look for. */
async function strikeNamed(
  candidates: Candidates,
  pieces: readonly InventoryPiece[],
  context: RetentionContext,
): Promise<void> {
  const looking: Looking = {
    mayBe: (versionId) => candidates.has(versionId),
    found: (key, versionId) => candidates.strike(key, versionId),
  };
  for (const piece of pieces) {
    if (candidates.size === 0) return;
    context.signal.throwIfAborted();
    if (!candidates.mayBeNamedIn(piece)) continue;
    await piece.eachNamed(context, looking);
  }
}

class Marking {
  private waiting: VersionEntry[] = [];

  constructor(
    private readonly mode: EndMirroredRequest['mode'],
    private readonly context: RetentionContext,
  ) {}

  async add(version: VersionEntry): Promise<void> {
    if (this.mode === 'show') return;
    this.waiting.push(version);
    if (this.waiting.length >= MARKED_TOGETHER) await this.flush();
  }

  async flush(): Promise<void> {
    const versions = this.waiting;
    this.waiting = [];
    await runBounded(
      versions,
      MARKED_AT_ONCE,
      (version) => this.mark(version),
      () => undefined,
    );
  }

  private async mark({ key, versionId }: VersionEntry): Promise<void> {
    const { store, signal } = this.context;
    signal.throwIfAborted();
    try {
      await store.tag(key, versionId, { [EXPIRY_TAG.key]: EXPIRY_TAG.value });
    } catch (thrown) {
      // It was marked before, and the vault has deleted it meanwhile.
      if (!(thrown instanceof BackupError) || thrown.code !== 'object-missing') throw thrown;
    }
  }
}
