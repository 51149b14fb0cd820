import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { BackupError } from '../../runtime/errors';
import { crc32, crc32Base64, crc32OfWhole } from '../../runtime/store/crc32';
import type {
  GetOptions,
  ListEntry,
  ListOptions,
  MultipartUpload,
  ObjectDescription,
  ObjectMetadata,
  ObjectStore,
  ObjectTags,
  OpenedObject,
  PartDigest,
  PutOptions,
  VersionEntry,
  WrittenVersion,
} from '../../runtime/store/store';

interface Version {
  readonly id: string;
  bytes: Buffer;
  /** As it was when written; damage does not change it. */
  readonly crc32: string;
  readonly lastModified: Date;
  readonly metadata: ObjectMetadata;
  tags: ObjectTags;
}

/**
 * A versioned store in memory, as strict as S3: it refuses parts whose digests are wrong and wholes that do not add up.
 * For tests of what stands on a store; what the store itself promises is tested against the S3 server.
 */
export class MemoryStore implements ObjectStore {
  readonly uri = 'memory://vault';
  /** Uploads that were neither completed nor aborted, by key. */
  readonly openUploads = new Set<string>();
  private readonly versionsByKey = new Map<string, Version[]>();
  /** Keys under a delete marker. */
  private readonly hidden = new Set<string>();
  private counter = 0;

  /** @param now the store's own clock; without one it says of everything that it is from 1970. */
  constructor(private readonly now: () => Date = () => new Date(0)) {}

  async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<WrittenVersion> {
    return this.write(key, Buffer.from(body), options);
  }

  async createMultipart(key: string, options: PutOptions = {}): Promise<MultipartUpload> {
    const name = `${key}#${(this.counter += 1)}`;
    const parts = new Map<number, { bytes: Buffer; crc32: number }>();
    this.openUploads.add(name);
    return {
      uploadPart: async (partNumber, part, signal) => {
        signal?.throwIfAborted();
        if (!this.openUploads.has(name)) throw new BackupError('store-failed', 'NoSuchUpload');
        parts.set(partNumber, { bytes: checkedBytes(part), crc32: part.crc32 });
        return { etag: `"${part.sha256}"` };
      },
      complete: async (listed, whole) => {
        const chosen = listed.map(({ partNumber }) => parts.get(partNumber));
        const found = chosen.filter((part) => part !== undefined);
        if (found.length !== listed.length) throw new BackupError('store-failed', 'InvalidPart');
        const bytes = Buffer.concat(found.map((part) => part.bytes));
        const sum = crc32OfWhole(found.map((part) => ({ crc32: part.crc32, sizeBytes: part.bytes.length })));
        if (bytes.length !== whole.sizeBytes || sum !== whole.crc32) throw new BackupError('store-failed', 'BadDigest');
        const written = this.write(key, bytes, options);
        this.openUploads.delete(name);
        return written;
      },
      abort: async () => {
        this.openUploads.delete(name);
        parts.clear();
      },
    };
  }

  async get(key: string, options: GetOptions = {}): Promise<OpenedObject> {
    options.signal?.throwIfAborted();
    const version = this.find(key, options.versionId);
    if (!version) throw new BackupError('object-missing', `no "${key}"`);
    const { range } = options;
    if (range && range.start >= version.bytes.length) throw new BackupError('object-damaged', 'InvalidRange');
    const bytes = range ? version.bytes.subarray(range.start, range.end + 1) : version.bytes;
    return {
      body: Readable.from(chunksOf(bytes), { objectMode: false }),
      sizeBytes: bytes.length,
      wholeSizeBytes: version.bytes.length,
      versionId: version.id,
      metadata: version.metadata,
    };
  }

  async head(key: string, options: { versionId?: string | null } = {}): Promise<ObjectDescription | undefined> {
    const version = this.find(key, options.versionId);
    if (!version) return undefined;
    return {
      sizeBytes: version.bytes.length,
      versionId: version.id,
      etag: `"${version.id}"`,
      crc32: version.crc32,
      lastModified: version.lastModified,
      metadata: version.metadata,
    };
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ListEntry> {
    const told = new Set<string>();
    for (const key of this.keys()) {
      if (this.hidden.has(key)) continue;
      if (!key.startsWith(prefix) || (options.startAfter !== undefined && key <= options.startAfter)) continue;
      const slash = options.delimiter ? key.indexOf('/', prefix.length) : -1;
      const common = slash < 0 ? undefined : key.slice(0, slash + 1);
      if (common === undefined) {
        const { bytes, lastModified } = this.existing(key);
        yield { kind: 'object', key, sizeBytes: bytes.length, lastModified, etag: `"${key}"` };
      } else if (!told.has(common)) {
        told.add(common);
        yield { kind: 'prefix', prefix: common };
      }
    }
  }

  async *versions(prefix: string): AsyncGenerator<VersionEntry> {
    for (const key of this.keys()) {
      if (!key.startsWith(prefix)) continue;
      const newestFirst = [...(this.versionsByKey.get(key) ?? [])].reverse();
      for (const [index, { id, bytes, lastModified }] of newestFirst.entries()) {
        yield {
          key,
          versionId: id,
          sizeBytes: bytes.length,
          lastModified,
          isLatest: index === 0 && !this.hidden.has(key),
        };
      }
    }
  }

  async tags(key: string, versionId: string | null): Promise<ObjectTags> {
    return this.existing(key, versionId).tags;
  }

  async tag(key: string, versionId: string | null, tags: ObjectTags): Promise<void> {
    const version = this.existing(key, versionId);
    version.tags = { ...version.tags, ...tags };
  }

  /** A store that holds the same, to be changed by itself. */
  copy(): MemoryStore {
    const copy = new MemoryStore(this.now);
    copy.counter = this.counter;
    for (const [key, versions] of this.versionsByKey) {
      const own = versions.map((version) => ({ ...version, bytes: Buffer.from(version.bytes) }));
      copy.versionsByKey.set(key, own);
    }
    for (const key of this.hidden) copy.hidden.add(key);
    return copy;
  }

  /** Every key, in order of bytes. */
  keys(): string[] {
    return [...this.versionsByKey.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  /** What a key holds, or nothing. */
  bytesOf(key: string): Buffer | undefined {
    return this.find(key)?.bytes;
  }

  /** Changes what is stored behind the store's back. */
  damage(key: string, change: (bytes: Buffer) => Buffer): void {
    const version = this.find(key);
    if (!version) throw new Error(`nothing to damage at "${key}"`);
    version.bytes = change(Buffer.from(version.bytes));
  }

  delete(key: string): void {
    this.versionsByKey.delete(key);
  }

  /** Lays a delete marker over an object. */
  hide(key: string): void {
    this.hidden.add(key);
  }

  private write(key: string, bytes: Buffer, { ifAbsent, metadata = {} }: PutOptions): WrittenVersion {
    const versions = this.versionsByKey.get(key) ?? [];
    if (ifAbsent && versions.length > 0 && !this.hidden.has(key))
      throw new BackupError('store-conflict', `"${key}" exists`);
    const id = `v${(this.counter += 1)}`;
    const version = { id, bytes, crc32: crc32Base64(crc32(bytes)), lastModified: this.now(), metadata, tags: {} };
    this.versionsByKey.set(key, [...versions, version]);
    this.hidden.delete(key);
    return { versionId: id, etag: `"${id}"` };
  }

  private existing(key: string, versionId?: string | null): Version {
    const version = this.find(key, versionId);
    if (!version) throw new BackupError('object-missing', `no "${key}"`);
    return version;
  }

  private find(key: string, versionId?: string | null): Version | undefined {
    const versions = this.versionsByKey.get(key) ?? [];
    if (!versionId && this.hidden.has(key)) return undefined;
    return versionId ? versions.find(({ id }) => id === versionId) : versions.at(-1);
  }
}

function checkedBytes(part: PartDigest): Buffer {
  const bytes = Buffer.concat(part.chunks);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const good = bytes.length === part.sizeBytes && sha256 === part.sha256 && crc32(bytes) === part.crc32;
  if (!good) throw new BackupError('store-failed', 'BadDigest');
  return bytes;
}

/** As from a socket: in pieces. */
function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536);
}
