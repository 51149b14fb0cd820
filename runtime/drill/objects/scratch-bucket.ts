/** A bucket for practice: it keeps nothing of what is written to it, and holds all of it against the inventory. */
import { mirroredKey, type InventoryEntry } from '../../../model';
import { EntryDigest } from '../../components/objects/entry-digest';
import { BackupError, toBackupError } from '../../errors';
import type {
  Bucket,
  BucketVersion,
  DigestedBytes,
  ListedObject,
  OpenedSource,
  PartsUpload,
  SourceDescription,
  WriteOptions,
} from '../../store/bucket';
import type { ObjectTags } from '../../store/store';

/** Differences that are kept; more are counted by what did not arrive. */
const MOST_DIFFERENCES = 50;

export class ScratchBucket implements Bucket {
  readonly uri = 'scratch:';
  readonly prefix = '';
  readonly sent = { writing: 0, reading: 0 };
  /** Objects that came, and were what they should be. */
  arrived = 0;
  readonly differences: string[] = [];
  /** Of objects that are on their way. */
  private readonly expected = new Map<string, InventoryEntry>();

  /** @param mirror key prefix of the mirror in the vault */
  constructor(
    private readonly vault: Bucket,
    private readonly mirror: string,
  ) {}

  /** An object that will be written. */
  expect(entry: InventoryEntry): void {
    this.expected.set(entry.key, entry);
  }

  async *pages(): AsyncGenerator<readonly ListedObject[]> {
    // Nothing is ever there.
  }

  async describe(): Promise<SourceDescription | undefined> {
    return undefined;
  }

  async tags(): Promise<ObjectTags> {
    return {};
  }

  async put(key: string, { bytes }: DigestedBytes, options: WriteOptions): Promise<BucketVersion> {
    const arrival = this.begin(key, options);
    arrival.digest.update(bytes);
    return this.end(arrival);
  }

  async beginParts(key: string, options: WriteOptions): Promise<PartsUpload> {
    const arrival = this.begin(key, options);
    return {
      // One after the other, as a restore through here sends them.
      send: async (_partNumber, { bytes }) => arrival.digest.update(bytes),
      copy: () => Promise.reject(unsupported('copy a part')),
      complete: () => this.end(arrival),
      abort: async () => undefined,
    };
  }

  open(): Promise<OpenedSource> {
    return Promise.reject(unsupported('give back an object'));
  }

  copy(): Promise<never> {
    return Promise.reject(unsupported('copy an object'));
  }

  copySource(): never {
    throw unsupported('be copied from');
  }

  private begin(key: string, options: WriteOptions): Arrival {
    const entry = this.expected.get(key);
    if (!entry) throw new BackupError('comparison-failed', `${JSON.stringify(key)} was restored, which nobody chose`);
    return { entry, options, digest: new EntryDigest(entry) };
  }

  private async end({ entry, options, digest }: Arrival): Promise<BucketVersion> {
    const { key } = entry;
    const wrong = (await this.descriptionDifference(entry, options)) ?? contentDifference(digest);
    this.expected.delete(key);
    if (wrong === undefined) this.arrived += 1;
    else if (this.differences.length < MOST_DIFFERENCES) this.differences.push(`${JSON.stringify(key)}: ${wrong}`);
    return { versionId: null, etag: '""' };
  }

  /** What describes an object lies with its version in the vault; its tags, in the inventory. */
  private async descriptionDifference(
    entry: InventoryEntry,
    { attributes = {}, tags = {}, signal }: WriteOptions,
  ): Promise<string | undefined> {
    const { versionId } = entry;
    const kept = await this.vault.describe(mirroredKey(this.mirror, entry), { versionId, signal });
    if (!kept) return `version ${versionId} is not there`;
    if (kept.sizeBytes !== entry.sizeBytes) return `it has ${kept.sizeBytes} bytes, not ${entry.sizeBytes}`;
    if (kept.etag !== entry.etag) return `its ETag is ${kept.etag}, the inventory says ${entry.etag}`;
    const description = namesThatDiffer(kept.attributes, attributes);
    if (description.length > 0) return `what describes it differs: ${description.join(', ')}`;
    const differing = namesThatDiffer(entry.tags ?? {}, tags);
    return differing.length > 0 ? `its tags differ: ${differing.join(', ')}` : undefined;
  }
}

interface Arrival {
  readonly entry: InventoryEntry;
  readonly options: WriteOptions;
  readonly digest: EntryDigest;
}

function contentDifference(digest: EntryDigest): string | undefined {
  try {
    digest.finish();
    return undefined;
  } catch (thrown) {
    const { message, detail } = toBackupError(thrown);
    return detail ?? message;
  }
}

function namesThatDiffer(
  expected: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): string[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...names].filter((name) => expected[name] !== found[name]).sort();
}

function unsupported(what: string): BackupError {
  return new BackupError('internal', `a bucket for practice cannot ${what}`);
}
