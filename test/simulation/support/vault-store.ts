/**
 * The vault of a simulation: a versioned store in memory with its own clock, with the encryption and the lifecycle of the
 * template. Keys are kept in order, so that a listing costs what it gives and not what is there.
 */
import { Readable } from 'node:stream';
import { FAILURE_NAME, MANIFEST_NAME, STARTED_NAME } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import { crc32, crc32Base64 } from '../../../runtime/store/crc32';
import type {
  GetOptions,
  HeadOptions,
  ListEntry,
  ListOptions,
  MultipartUpload,
  ObjectDescription,
  ObjectStore,
  ObjectTags,
  OpenedObject,
  PutOptions,
  VersionEntry,
  WrittenVersion,
} from '../../../runtime/store/store';
import type { Deployment, LifecycleRule } from './plan-stack';

interface Version {
  readonly id: string;
  readonly bytes: Uint8Array;
  /** As the store says; damage changes it. */
  crc32: string;
  readonly lastModified: Date;
  tags: ObjectTags;
  noncurrentSince?: Date;
}

interface Entry {
  /** The newest last. */
  versions: Version[];
  /** A delete marker lies over them. */
  isHidden: boolean;
}

const DAY_MS = 86_400_000;

/** Checksums of bodies that were seen before: the bodies of a simulation are few. */
const checksums = new WeakMap<Uint8Array, string>();

export class VaultStore implements ObjectStore {
  readonly uri: string;
  /** Grows with each change: what is read of it can be held for as long as this stays. */
  changes = 0;
  /** Folders of runs that began and did not end. */
  readonly openRuns = new Set<string>();
  /** Whose use is refused while it says why. */
  refusal?: () => BackupError | undefined;
  onCreated: (key: string) => void = () => undefined;

  private readonly entries = new Map<string, Entry>();
  private readonly keys: string[] = [];
  private counter = 0;

  constructor(
    private readonly vault: Deployment['vault'],
    private readonly now: () => Date,
  ) {
    this.uri = `s3://${vault.bucket}`;
  }

  async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<WrittenVersion> {
    this.refuseWhatIsRefused();
    const entry = this.entries.get(key) ?? this.create(key);
    if (options.ifAbsent && entry.versions.length > 0 && !entry.isHidden) {
      throw new BackupError('store-conflict', `"${key}" exists`);
    }
    const id = `v${(this.counter += 1)}`;
    const newest = entry.versions.at(-1);
    if (newest) newest.noncurrentSince ??= this.now();
    entry.versions.push({ id, bytes: body, crc32: checksumOf(body), lastModified: this.now(), tags: {} });
    entry.isHidden = false;
    this.changes += 1;
    this.noteRun(key);
    this.onCreated(key);
    return { versionId: id, etag: `"${id}"` };
  }

  async createMultipart(): Promise<MultipartUpload> {
    throw new Error('a simulation writes small objects only');
  }

  async get(key: string, options: GetOptions = {}): Promise<OpenedObject> {
    this.refuseWhatIsRefused();
    const version = this.existing(key, options.versionId);
    return {
      body: Readable.from([Buffer.from(version.bytes)]),
      sizeBytes: version.bytes.length,
      versionId: version.id,
    };
  }

  async head(key: string, options: HeadOptions = {}): Promise<ObjectDescription | undefined> {
    this.refuseWhatIsRefused();
    const version = this.find(key, options.versionId);
    if (!version) return undefined;
    return {
      sizeBytes: version.bytes.length,
      versionId: version.id,
      etag: `"${version.id}"`,
      crc32: version.crc32,
      lastModified: version.lastModified,
      encryption: 'aws:kms',
      kmsKeyId: this.vault.keyArn,
    };
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ListEntry> {
    if (options.delimiter || options.startAfter) throw new Error('a simulation lists whole prefixes only');
    for (const key of this.below(prefix)) {
      const entry = this.entries.get(key);
      const newest = entry?.versions.at(-1);
      if (!newest || entry?.isHidden) continue;
      yield { kind: 'object', key, sizeBytes: newest.bytes.length, lastModified: newest.lastModified, etag: newest.id };
    }
  }

  async *versions(prefix: string): AsyncGenerator<VersionEntry> {
    for (const key of this.below(prefix)) {
      const { versions, isHidden } = this.entries.get(key) ?? { versions: [], isHidden: true };
      for (const version of [...versions].reverse()) {
        const isLatest = version === versions.at(-1) && !isHidden;
        const { id: versionId, lastModified } = version;
        yield { key, versionId, sizeBytes: version.bytes.length, lastModified, isLatest };
      }
    }
  }

  async tags(key: string, versionId: string | null): Promise<ObjectTags> {
    return this.existing(key, versionId).tags;
  }

  async tag(key: string, versionId: string | null, tags: ObjectTags): Promise<void> {
    const version = this.existing(key, versionId);
    version.tags = { ...version.tags, ...tags };
    this.changes += 1;
  }

  /** All keys that have a version, hidden ones too. */
  allKeys(): readonly string[] {
    return this.keys;
  }

  textOf(key: string): string | undefined {
    const version = this.find(key);
    return version && Buffer.from(version.bytes).toString('utf8');
  }

  /** From now on the store says of the newest version what it did not say before. */
  damage(key: string): void {
    this.existing(key).crc32 = 'AAAAAA==';
    this.changes += 1;
  }

  /** Every version of it is gone, whoever did it. */
  lose(key: string): void {
    this.existing(key);
    this.remove(key);
  }

  /** What the bucket's lifecycle does once a day. */
  expire(): void {
    for (const rule of this.vault.lifecycle) {
      for (const key of [...this.keys]) this.expireBy(rule, key);
    }
  }

  private expireBy({ tag, expirationDays, noncurrentDays }: LifecycleRule, key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    const isMeant = ({ tags }: Version) => !tag || tags[tag.key] === tag.value;
    const isOver = (since: Date | undefined, days: number | undefined) =>
      since !== undefined && days !== undefined && this.now().getTime() >= since.getTime() + days * DAY_MS;

    const newest = entry.versions.at(-1);
    if (newest && !entry.isHidden && isMeant(newest) && isOver(newest.lastModified, expirationDays)) {
      entry.isHidden = true;
      newest.noncurrentSince = this.now();
      this.changes += 1;
    }
    const left = entry.versions.filter((one) => !(isMeant(one) && isOver(one.noncurrentSince, noncurrentDays)));
    if (left.length < entry.versions.length) this.changes += 1;
    entry.versions = left;
    if (left.length === 0) this.remove(key);
  }

  private noteRun(key: string): void {
    const [, prefix, name] = /^(.*\/)([^/]+)$/.exec(key) ?? [];
    if (name === STARTED_NAME) this.openRuns.add(prefix);
    if (name === MANIFEST_NAME || name === FAILURE_NAME) this.openRuns.delete(prefix);
  }

  private create(key: string): Entry {
    const entry: Entry = { versions: [], isHidden: false };
    this.entries.set(key, entry);
    this.keys.splice(this.placeOf(key), 0, key);
    return entry;
  }

  private remove(key: string): void {
    this.entries.delete(key);
    this.keys.splice(this.placeOf(key), 1);
    this.changes += 1;
  }

  private existing(key: string, versionId?: string | null): Version {
    const version = this.find(key, versionId);
    if (!version) throw new BackupError('object-missing', `no "${key}"`);
    return version;
  }

  private find(key: string, versionId?: string | null): Version | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    if (versionId) return entry.versions.find(({ id }) => id === versionId);
    return entry.isHidden ? undefined : entry.versions.at(-1);
  }

  private *below(prefix: string): Generator<string> {
    const found: string[] = [];
    for (let index = this.placeOf(prefix); this.keys[index]?.startsWith(prefix); index += 1)
      found.push(this.keys[index]);
    yield* found;
  }

  /** Keys here are of ASCII, so that their order is that of their bytes. */
  private placeOf(key: string): number {
    let low = 0;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.keys[middle] < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private refuseWhatIsRefused(): void {
    const error = this.refusal?.();
    if (error) throw error;
  }
}

function checksumOf(body: Uint8Array): string {
  const sum = checksums.get(body) ?? crc32Base64(crc32(body));
  checksums.set(body, sum);
  return sum;
}
