/** Reads every byte of every object that an inventory names, in exactly the version that it names. */
import { mirroredKey, type InventoryEntry, type MirrorRecord, type StoredObject } from '../../../../model';
import { BackupError } from '../../../errors';
import type { Step } from '../../../observe/reporter';
import type { VerificationContext } from '../../component';
import { EntryDigest } from '../entry-digest';
import { readInventory } from '../inventory/read-inventory';
import { OrderedWork } from '../mirror/ordered-work';
import { MirrorFindings } from './mirror-findings';

/** Objects that are read at once. */
export const AT_ONCE = 16;
const WINDOW = 1_000;
const MOST_READS = 3;

export async function readMirrored(
  mirror: MirrorRecord,
  objects: readonly StoredObject[],
  context: VerificationContext,
  step: Step,
): Promise<MirrorFindings> {
  const findings = new MirrorFindings();
  const work = new OrderedWork<{ entry: InventoryEntry; wrong?: string }>(AT_ONCE, WINDOW, ({ entry, wrong }) =>
    findings.note(entry, wrong === undefined ? 'good' : { wrong }),
  );
  try {
    for await (const batch of readInventory(context.store, mirror, objects, context.signal)) {
      for (const entry of batch) {
        await work.start(async () => ({ entry, wrong: await readOne(mirror, entry, context, step) }));
      }
    }
    await work.finish();
  } finally {
    await work.settle();
  }
  return findings;
}

/** What is wrong with it, or nothing. */
export async function readOne(
  mirror: MirrorRecord,
  entry: InventoryEntry,
  context: VerificationContext,
  step: Step,
): Promise<string | undefined> {
  for (let reads = 1; ; reads++) {
    try {
      return await readOnce(mirror, entry, context, step);
    } catch (error) {
      context.signal.throwIfAborted();
      // The answer was good and its body broke off: connections do.
      if (error instanceof BackupError || reads === MOST_READS) throw error;
    }
  }
}

async function readOnce(
  { prefix }: MirrorRecord,
  entry: InventoryEntry,
  { store, signal }: VerificationContext,
  step: Step,
): Promise<string | undefined> {
  const digest = new EntryDigest(entry);
  try {
    const opened = await store.get(mirroredKey(prefix, entry), { versionId: entry.versionId, signal });
    try {
      for await (const chunk of opened.body as AsyncIterable<Buffer>) {
        step.advance(chunk.length);
        digest.update(chunk);
      }
    } finally {
      opened.body.destroy();
    }
    digest.finish();
    return undefined;
  } catch (error) {
    if (!(error instanceof BackupError) || !DAMAGE.has(error.code)) throw error;
    return [error.message, error.detail].filter(Boolean).join(': ');
  }
}

const DAMAGE: ReadonlySet<string> = new Set(['object-missing', 'object-damaged']);
