/** Asks the store what versions it has, in one listing, and holds the inventory against it side by side. */
import {
  compareKeys,
  dataPrefix,
  mirroredKey,
  type InventoryEntry,
  type MirrorRecord,
  type StoredObject,
} from '../../../../model';
import type { Step } from '../../../observe/reporter';
import type { VersionEntry } from '../../../store/store';
import { readInventory } from '../inventory/read-inventory';
import { MirrorFindings, type Judgement, type MirrorVerification } from './mirror-findings';

export async function lookUpMirrored(
  mirror: MirrorRecord,
  objects: readonly StoredObject[],
  context: MirrorVerification,
  step: Step,
  onLookedUp: (entry: InventoryEntry, judgement: Judgement, findings: MirrorFindings) => Promise<void> = async () =>
    undefined,
): Promise<MirrorFindings> {
  const { store, data, signal } = context;
  const prefix = dataPrefix(mirror);
  const findings = new MirrorFindings();
  const versions = new Versions(data.versions(prefix)[Symbol.asyncIterator](), prefix.length);
  try {
    for await (const batch of readInventory(store, mirror, objects, signal)) {
      signal.throwIfAborted();
      for (const entry of batch) {
        const found = entry.long === undefined ? await versions.find(entry) : await lookUpLong(mirror, entry, context);
        const judgement = judge(entry, found);
        findings.note(entry, judgement);
        await onLookedUp(entry, judgement, findings);
      }
      step.detail(batch[batch.length - 1].key);
    }
  } finally {
    await versions.close();
  }
  return findings;
}

type Described = Pick<VersionEntry, 'sizeBytes' | 'etag'>;

function judge(entry: InventoryEntry, found: Described | undefined): Judgement {
  if (!found) return { wrong: `version ${entry.versionId} is not there` };
  if (found.sizeBytes !== entry.sizeBytes) {
    return { wrong: `it has ${found.sizeBytes} bytes, the inventory says ${entry.sizeBytes}` };
  }
  if (found.etag === undefined) return 'unproven';
  return found.etag === entry.etag ? 'good' : { wrong: `its ETag is ${found.etag}, the inventory says ${entry.etag}` };
}

/** They lie apart, in another order; and they are few. */
async function lookUpLong(
  { prefix }: MirrorRecord,
  entry: InventoryEntry,
  { store }: MirrorVerification,
): Promise<Described | undefined> {
  return store.head(mirroredKey(prefix, entry), { versionId: entry.versionId, checksum: 'leave out' });
}

/** A listing of versions that is gone through once, forwards. */
class Versions {
  private current: VersionEntry | undefined;
  private begun = false;

  constructor(
    private readonly listed: AsyncIterator<VersionEntry>,
    private readonly prefixLength: number,
  ) {}

  async find({ key, versionId }: InventoryEntry): Promise<VersionEntry | undefined> {
    if (!this.begun) await this.advance();
    while (this.current) {
      const order = compareKeys(this.current.key.slice(this.prefixLength), key);
      if (order > 0) return undefined;
      const found = this.current;
      await this.advance();
      if (order === 0 && found.versionId === versionId) return found;
    }
    return undefined;
  }

  async close(): Promise<void> {
    await this.listed.return?.();
  }

  private async advance(): Promise<void> {
    this.begun = true;
    const next = await this.listed.next();
    this.current = next.done ? undefined : next.value;
  }
}
