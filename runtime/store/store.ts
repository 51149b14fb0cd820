import type { Readable } from 'node:stream';

/**
 * The object store: the few operations everything else is built from, so that a test can wrap it and damage any of them.
 * Keys are relative to the vault's prefix and byte-exact. Each method throws a BackupError with a `store-…` code.
 */
export interface ObjectStore {
  /** For people: `s3://bucket/prefix`. */
  readonly uri: string;

  /** Writes a small object in one request. With `ifAbsent`, an existing key is a `store-conflict`. */
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<WrittenVersion>;

  /** Begins a multipart upload. Nothing is visible until it is completed. */
  createMultipart(key: string, options?: PutOptions): Promise<MultipartUpload>;

  /** Opens an object, a version of it, or a range of its bytes. `object-missing` when it is not there. */
  get(key: string, options?: GetOptions): Promise<OpenedObject>;

  /** Describes an object without reading it; nothing when it is not there. */
  head(key: string, options?: HeadOptions): Promise<ObjectDescription | undefined>;

  /** Keys below a prefix in byte order, a page at a time; with `delimiter`, common prefixes too. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ListEntry>;

  /** Every version of every object below a prefix, in byte order of the keys; delete markers are none. */
  versions(prefix: string): AsyncIterable<VersionEntry>;

  /** The tags of one version. `object-missing` when it is not there. */
  tags(key: string, versionId: string | null): Promise<ObjectTags>;

  /** Adds tags to one version, or changes them; its other tags stay. What is so already is not written again. */
  tag(key: string, versionId: string | null, tags: ObjectTags): Promise<void>;
}

/** Name to value. */
export type ObjectTags = Readonly<Record<string, string>>;

export interface VersionEntry {
  key: string;
  versionId: string;
  sizeBytes: number;
  lastModified: Date;
  /** Where the store tells. */
  etag?: string;
  /** Nothing newer lies over it, not even a delete marker. */
  isLatest: boolean;
}

export interface PutOptions {
  /** Refuse to write over an existing key. */
  ifAbsent?: boolean;
  contentType?: string;
  /** User metadata, stored with the content by the same request: lower-case names, printable ASCII values. */
  metadata?: ObjectMetadata;
  signal?: AbortSignal;
}

/** Name to value. */
export type ObjectMetadata = Readonly<Record<string, string>>;

export interface HeadOptions {
  versionId?: string | null;
  /** `leave out`: a role that may not decrypt may ask for all but the checksum. */
  checksum?: 'tell' | 'leave out';
}

export interface WrittenVersion {
  versionId: string | null;
  etag: string;
}

export interface PartDigest {
  /** The part's bytes in order. One chunk is sent as it is; several may be joined first, which costs a copy. */
  chunks: readonly Uint8Array[];
  sizeBytes: number;
  /** Lower-case hex; goes into the request's signature, so that the store itself refuses other bytes. */
  sha256: string;
  /** CRC-32 as an unsigned number. */
  crc32: number;
}

export interface MultipartUpload {
  /** Sends one part, numbered from 1; repeated by itself on passing faults. */
  uploadPart(partNumber: number, part: PartDigest, signal?: AbortSignal): Promise<{ etag: string }>;
  /** Makes the object visible. `whole` is what the store must find: it compares and refuses otherwise. */
  complete(
    parts: readonly { partNumber: number; etag: string; crc32: number }[],
    whole: { sizeBytes: number; crc32: number },
  ): Promise<WrittenVersion>;
  /** Gives the upload up and frees what was sent. Safe to call twice. */
  abort(): Promise<void>;
}

export interface GetOptions {
  versionId?: string | null;
  /** Inclusive on both ends, as in HTTP. */
  range?: { start: number; end: number };
  signal?: AbortSignal;
}

export interface OpenedObject {
  body: Readable;
  /** Of what the body gives: of the range, where one was asked for. */
  sizeBytes: number;
  /** Of the whole object, where a range was asked for and the store tells. */
  wholeSizeBytes?: number;
  versionId: string | null;
  metadata?: ObjectMetadata;
}

export interface ObjectDescription {
  sizeBytes: number;
  versionId: string | null;
  etag: string;
  /** Base64 CRC-32 of the whole object, when the store has one. */
  crc32?: string;
  /** Base64 SHA-256 of the whole object, when the store has one. */
  sha256?: string;
  lastModified: Date;
  metadata?: ObjectMetadata;
  storageClass?: string;
  /** `AES256`, `aws:kms`, … */
  encryption?: string;
  kmsKeyId?: string;
  lockMode?: string;
  lockedUntil?: Date;
}

export interface ListOptions {
  delimiter?: '/';
  startAfter?: string;
}

export type ListEntry =
  | { kind: 'object'; key: string; sizeBytes: number; lastModified: Date; etag: string; storageClass?: string }
  | { kind: 'prefix'; prefix: string };
