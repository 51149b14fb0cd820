/** Reads every byte of every object that an inventory names, in exactly the version that it names. */
import { dataPrefix, mirroredKey, type InventoryEntry, type MirrorRecord, type StoredObject } from '../../../../model';
import { BackupError } from '../../../errors';
import type { Step } from '../../../observe/reporter';
import { EntryDigest } from '../entry-digest';
import { readInventory } from '../inventory/read-inventory';
import { OrderedWork } from '../mirror/ordered-work';
import { MirrorFindings, type Judgement, type MirrorVerification } from './mirror-findings';
import { readReplicated } from './read-replicated';

/** Objects that are read at once. */
export const AT_ONCE = 16;
const WINDOW = 1_000;
const MOST_READS = 3;

export async function readMirrored(
  mirror: MirrorRecord,
  objects: readonly StoredObject[],
  context: MirrorVerification,
  step: Step,
): Promise<MirrorFindings> {
  const findings = new MirrorFindings();
  const work = new OrderedWork<{ entry: InventoryEntry; found: Judgement }>(AT_ONCE, WINDOW, ({ entry, found }) =>
    findings.note(entry, found),
  );
  try {
    for await (const batch of readInventory(context.store, mirror, objects, context.signal)) {
      for (const entry of batch) {
        await work.start(async () => ({ entry, found: await readOne(mirror, entry, context, step) }));
      }
    }
    await work.finish();
  } finally {
    await work.settle();
  }
  return findings;
}

export async function readOne(
  mirror: MirrorRecord,
  entry: InventoryEntry,
  context: MirrorVerification,
  step: Step,
): Promise<Judgement> {
  for (let reads = 1; ; reads++) {
    try {
      return mirror.replica
        ? await readReplicated(entry, context.data, step, context.signal)
        : await readOnce(mirror, entry, context, step);
    } catch (error) {
      context.signal.throwIfAborted();
      // The answer was good and its body broke off: connections do.
      if (error instanceof BackupError || reads === MOST_READS) throw error;
    }
  }
}

async function readOnce(
  mirror: MirrorRecord,
  entry: InventoryEntry,
  { data, signal }: MirrorVerification,
  step: Step,
): Promise<Judgement> {
  const digest = new EntryDigest(entry);
  try {
    const opened = await data.get(mirroredKey(dataPrefix(mirror), entry), { versionId: entry.versionId, signal });
    try {
      for await (const chunk of opened.body as AsyncIterable<Buffer>) {
        step.advance(chunk.length);
        digest.update(chunk);
      }
    } finally {
      opened.body.destroy();
    }
    digest.finish();
    return 'good';
  } catch (error) {
    if (!(error instanceof BackupError) || !DAMAGE.has(error.code)) throw error;
    return { wrong: [error.message, error.detail].filter(Boolean).join(': ') };
  }
}

const DAMAGE: ReadonlySet<string> = new Set(['object-missing', 'object-damaged']);
