import type { Readable } from 'node:stream';
import type { ObjectTags } from './store';

/**
 * A bucket as mirrors see it: objects that others wrote, with whatever they are described by. Beside `ObjectStore`, which is the
 * vault with recovery points. Keys are relative to the prefix and byte-exact. Each method throws a BackupError with a
 * `store-…` code, `object-missing` where there is no such object, or `store-conflict` where it is another one by now.
 */
export interface Bucket {
  /** For people: `s3://bucket/prefix`. */
  readonly uri: string;
  /** Before each key: empty, or with a slash at its end. */
  readonly prefix: string;
  /** Requests that were sent so far, repetitions too. */
  readonly sent: RequestCounts;

  /** Everything below the prefix, a page at a time, in order of the keys' UTF-8 bytes. */
  pages(options?: PagesOptions): AsyncIterable<readonly ListedObject[]>;

  /** Opens an object or a range of it; with `etag`, only while it is still that one. */
  open(key: string, options: OpenOptions): Promise<OpenedSource>;

  /** Describes an object without reading it; nothing when it is not there. */
  describe(key: string, options?: DescribeOptions): Promise<SourceDescription | undefined>;

  tags(key: string, options?: { versionId?: string; signal?: AbortSignal }): Promise<ObjectTags>;

  /** Writes an object in one request; the store compares it with its SHA-256. */
  put(key: string, body: DigestedBytes, options: WriteOptions): Promise<BucketVersion>;

  /** Lets the store copy an object of up to 5 GB by itself, and tells the SHA-256 that it found doing so. Tags are replaced. */
  copy(key: string, from: CopySource, options: WriteOptions): Promise<BucketVersion & { readonly sha256?: string }>;

  /** Begins an object in parts. Nothing is visible until it is completed. */
  beginParts(key: string, options: PartsOptions): Promise<PartsUpload>;

  /** How another bucket of the same store names an object of this one. */
  copySource(key: string, object: { readonly etag: string; readonly versionId?: string }): CopySource;
}

/** Requests in the two classes that S3 has prices for. */
export interface RequestCounts {
  /** LIST, PUT, COPY, POST. */
  readonly writing: number;
  /** GET, HEAD. */
  readonly reading: number;
}

export interface PagesOptions {
  /** Begin below this prefix. */
  readonly below?: string;
  readonly startAfter?: string;
  readonly signal?: AbortSignal;
}

export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  /** ISO 8601, as the store spells it. */
  readonly modified: string;
  readonly storageClass?: string;
  /** Which version of it, where that is known; a listing does not tell. */
  readonly versionId?: string;
}

export interface OpenOptions {
  readonly etag?: string;
  readonly versionId?: string;
  /** Inclusive on both ends. */
  readonly range?: { readonly start: number; readonly end: number };
  readonly signal?: AbortSignal;
}

export interface DescribeOptions {
  readonly versionId?: string;
  readonly signal?: AbortSignal;
}

export interface SourceDescription {
  /** Of what the body gives. */
  readonly sizeBytes: number;
  readonly etag: string;
  readonly attributes: Attributes;
  /** How many tags it has, where the store tells. */
  readonly tagCount: number;
  /** Lower-case hex, where the store keeps one of the whole. */
  readonly sha256?: string;
  /** Four bytes in base64, as S3 has it, where the store keeps one of the whole. */
  readonly crc32?: string;
  /** Whether the ETag is the MD5 of the whole: of objects in one piece that are not encrypted with a key of KMS. */
  readonly md5Etag: boolean;
  /** ISO 8601, to the second; where the store tells. */
  readonly modified?: string;
  /** Absent for STANDARD. */
  readonly storageClass?: string;
}

export interface OpenedSource extends SourceDescription {
  readonly body: Readable;
}

/** Headers that belong to an object, in lower case, with the values as they are on the wire: `content-type`, `x-amz-meta-…`. */
export type Attributes = Readonly<Record<string, string>>;

export interface WriteOptions {
  readonly attributes?: Attributes;
  readonly tags?: ObjectTags;
  /** Refuse to write over an existing key. */
  readonly ifAbsent?: boolean;
  readonly signal?: AbortSignal;
}

export interface PartsOptions extends WriteOptions {
  /**
   * What the store keeps, and holds the parts against besides the SHA-256 of each request. `of the whole`: a CRC-32, which costs
   * next to nothing; for parts that are sent, to a vault. `of each part`: a SHA-256, which any store knows, and which it tells of
   * parts that it copies.
   *
   * @default 'of each part'
   */
  readonly checksum?: 'of each part' | 'of the whole';
}

export interface DigestedBytes {
  readonly bytes: Buffer;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What was written. */
export interface BucketVersion {
  /** `null` where the bucket keeps no versions. */
  readonly versionId: string | null;
  readonly etag: string;
}

/** An object, as a request to copy it names it. */
export interface CopySource {
  readonly header: string;
  readonly etag: string;
}

export interface PartsUpload {
  /** Parts are numbered from 1. */
  send(partNumber: number, part: DigestedBytes, signal?: AbortSignal): Promise<void>;
  /** Lets the store copy a range by itself, and tells its SHA-256. */
  copy(
    partNumber: number,
    from: CopySource,
    range: { readonly start: number; readonly end: number },
    signal?: AbortSignal,
  ): Promise<{ readonly sha256: string }>;
  /** @param wholeBytes what the store must find all parts to be together; it refuses to complete otherwise */
  complete(signal?: AbortSignal, wholeBytes?: number): Promise<BucketVersion>;
  /** Safe to call twice, and after `complete`. */
  abort(): Promise<void>;
}
