/** A bucket for practice: it keeps nothing of what is written to it, and holds all of it against the inventory. */
import { mirroredKey, type InventoryEntry } from '../../../model';
import { EntryDigest } from '../../components/objects/entry-digest';
import type { Judgement } from '../../components/objects/verify/mirror-findings';
import { WholeChecksums } from '../../components/objects/whole-checksums';
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
import { base64Of } from '../../store/s3-attributes';
import type { ObjectTags } from '../../store/store';

/** Differences that are kept; more are counted by what did not arrive. */
const MOST_DIFFERENCES = 50;

export class ScratchBucket implements Bucket {
  readonly uri = 'scratch:';
  readonly prefix = '';
  readonly sent = { writing: 0, reading: 0 };
  /** Objects that came, and were what they should be. */
  arrived = 0;
  /** Of those: their bytes can be held against nothing. */
  unproven = 0;
  readonly differences: string[] = [];
  /** Of objects that are on their way. */
  private readonly expected = new Map<string, InventoryEntry>();

  /**
   * @param data with the mirror's versions: the vault, or a replica
   * @param mirror key prefix of the mirror there
   */
  constructor(
    private readonly data: Bucket,
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
    arrival.content.update(bytes);
    return this.end(arrival);
  }

  async beginParts(key: string, options: WriteOptions): Promise<PartsUpload> {
    const arrival = this.begin(key, options);
    return {
      // One after the other, as a restore through here sends them.
      send: async (_partNumber, { bytes }) => arrival.content.update(bytes),
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
    return { entry, options, content: entry.digest === 'unknown' ? new WholeChecksums() : new EntryDigest(entry) };
  }

  private async end({ entry, options, content }: Arrival): Promise<BucketVersion> {
    const { key, versionId } = entry;
    const place = mirroredKey(this.mirror, entry);
    const { signal } = options;
    const kept = await this.data.describe(place, { versionId, signal });
    // A replica has the tags of its source; no inventory names them.
    const tags = entry.digest === 'unknown' ? await this.data.tags(place, { versionId, signal }) : entry.tags;
    const judgement = kept
      ? (descriptionDifference(entry, kept, { ...options, expectedTags: tags }) ?? judge(content, entry, kept))
      : { wrong: `version ${versionId} is not there` };
    this.expected.delete(key);
    if (judgement === 'unproven') this.unproven += 1;
    if (typeof judgement !== 'object') this.arrived += 1;
    else if (this.differences.length < MOST_DIFFERENCES) {
      this.differences.push(`${JSON.stringify(key)}: ${judgement.wrong}`);
    }
    return { versionId: null, etag: '""' };
  }
}

interface Arrival {
  readonly entry: InventoryEntry;
  readonly options: WriteOptions;
  /** Of a replica, held against what the store keeps; of others, against the inventory. */
  readonly content: EntryDigest | WholeChecksums;
}

/** What describes an object lies with its version; its tags, in the inventory. */
function descriptionDifference(
  entry: InventoryEntry,
  kept: SourceDescription,
  { attributes = {}, tags = {}, expectedTags = {} }: WriteOptions & { readonly expectedTags?: ObjectTags },
): { readonly wrong: string } | undefined {
  if (kept.sizeBytes !== entry.sizeBytes) return { wrong: `it has ${kept.sizeBytes} bytes, not ${entry.sizeBytes}` };
  if (kept.etag !== entry.etag) return { wrong: `its ETag is ${kept.etag}, the inventory says ${entry.etag}` };
  const description = namesThatDiffer(kept.attributes, attributes);
  if (description.length > 0) return { wrong: `what describes it differs: ${description.join(', ')}` };
  const differing = namesThatDiffer(expectedTags, tags);
  return differing.length > 0 ? { wrong: `its tags differ: ${differing.join(', ')}` } : undefined;
}

function judge(content: Arrival['content'], { sizeBytes }: InventoryEntry, kept: SourceDescription): Judgement {
  if (content instanceof WholeChecksums) {
    const sha256 = kept.sha256 === undefined ? undefined : base64Of(kept.sha256);
    return content.judge({ sha256, crc32: kept.crc32 }, sizeBytes);
  }
  try {
    content.finish();
    return 'good';
  } catch (thrown) {
    const { message, detail } = toBackupError(thrown);
    return { wrong: detail ?? message };
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
