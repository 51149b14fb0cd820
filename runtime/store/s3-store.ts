import type { Readable } from 'node:stream';
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { crc32, crc32Base64 } from './crc32';
import { createS3Client, type S3Connection } from './s3-client';
import { confirmWrite } from './s3-confirmation';
import { sdkError, storeError, type Attempt } from './s3-errors';
import { listObjects } from './s3-list';
import { readTags, writeTags } from './s3-tags';
import { listVersions } from './s3-versions';
import { required, S3MultipartUpload } from './s3-multipart';
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
} from './store';
import { parseVaultUri, type VaultLocation } from './vault-uri';

/**
 * A vault at S3 or a store that speaks S3. Reads no byte yet: a wrong name or missing right shows at the first request.
 *
 * @param vaultUri `s3://bucket[/prefix]`; a usage error otherwise.
 */
export function openS3Store(vaultUri: string, connection: S3Connection = {}): ObjectStore {
  return new S3Store(createS3Client(connection), parseVaultUri(vaultUri));
}

class S3Store implements ObjectStore {
  readonly uri: string;

  constructor(
    private readonly client: S3Client,
    private readonly vault: VaultLocation,
  ) {
    this.uri = `s3://${vault.bucket}/${vault.prefix}`.replace(/\/$/, '');
  }

  async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<WrittenVersion> {
    const attempt = this.attempt('write', key, options.signal);
    const value = crc32(body);
    const command = new PutObjectCommand({
      ...this.address(key),
      Body: body,
      ContentLength: body.length,
      ContentType: options.contentType,
      Metadata: options.metadata && { ...options.metadata },
      ChecksumCRC32: crc32Base64(value),
      IfNoneMatch: options.ifAbsent ? '*' : undefined,
    });
    return this.client.send(command, { abortSignal: options.signal }).then(
      ({ VersionId, ETag }) => ({ versionId: VersionId ?? null, etag: required(ETag, 'ETag', attempt) }),
      (error: unknown) => confirmWrite(error, attempt, { sizeBytes: body.length, crc32: value }, () => this.head(key)),
    );
  }

  async createMultipart(key: string, options: PutOptions = {}): Promise<MultipartUpload> {
    const attempt = this.attempt('begin the upload of', key, options.signal);
    const target = this.address(key);
    const command = new CreateMultipartUploadCommand({
      ...target,
      ContentType: options.contentType,
      Metadata: options.metadata && { ...options.metadata },
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
    });
    const { UploadId } = await this.client.send(command, { abortSignal: options.signal }).catch((error: unknown) => {
      throw storeError(error, attempt);
    });
    return new S3MultipartUpload(
      this.client,
      { ...target, UploadId: required(UploadId, 'UploadId', attempt) },
      options.ifAbsent === true,
      { key, uri: this.uri },
      () => this.head(key),
    );
  }

  async get(key: string, options: GetOptions = {}): Promise<OpenedObject> {
    const attempt = this.attempt('read', key, options.signal);
    const command = new GetObjectCommand({
      ...this.address(key),
      VersionId: options.versionId ?? undefined,
      Range: options.range && `bytes=${options.range.start}-${options.range.end}`,
    });
    const answer = await this.client.send(command, { abortSignal: options.signal }).catch((error: unknown) => {
      throw storeError(error, attempt);
    });
    return {
      // In Node the SDK's body is always the response itself; its type also knows browsers.
      body: required(answer.Body, 'body', attempt) as Readable,
      sizeBytes: required(answer.ContentLength, 'Content-Length', attempt),
      wholeSizeBytes: wholeSizeBytes(answer.ContentRange),
      versionId: answer.VersionId ?? null,
      metadata: answer.Metadata,
    };
  }

  async head(key: string, options: HeadOptions = {}): Promise<ObjectDescription | undefined> {
    const attempt = this.attempt('look up', key);
    const command = new HeadObjectCommand({
      ...this.address(key),
      VersionId: options.versionId ?? undefined,
      ChecksumMode: options.checksum === 'leave out' ? undefined : 'ENABLED',
    });
    try {
      return describe(await this.client.send(command), attempt);
    } catch (error) {
      if (sdkError(error).$metadata?.httpStatusCode === 404) return undefined;
      throw storeError(error, attempt);
    }
  }

  list(prefix: string, options: ListOptions = {}): AsyncIterable<ListEntry> {
    return listObjects(this.client, this.vault, prefix, options);
  }

  versions(prefix: string): AsyncIterable<VersionEntry> {
    return listVersions(this.client, this.vault, prefix);
  }

  tags(key: string, versionId: string | null): Promise<ObjectTags> {
    return readTags(this.client, { ...this.address(key), versionId }, this.attempt('read the tags of', key));
  }

  tag(key: string, versionId: string | null, tags: ObjectTags): Promise<void> {
    return writeTags(this.client, { ...this.address(key), versionId }, tags, this.attempt('tag', key));
  }

  private address(key: string): { Bucket: string; Key: string } {
    if (key === '') throw new Error('an object needs a key');
    return { Bucket: this.vault.bucket, Key: this.vault.prefix + key };
  }

  private attempt(action: string, key: string, signal?: AbortSignal): Attempt {
    return { action, key, uri: this.uri, signal };
  }
}

/** The number after the slash of `bytes 0-99/1000`. */
function wholeSizeBytes(contentRange: string | undefined): number | undefined {
  const total = /\/(\d+)$/.exec(contentRange ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}

/** A composite value (`…-3`) is a checksum of checksums and says nothing of the whole. */
function ofWhole({ ChecksumType }: HeadObjectCommandOutput, checksum: string | undefined): string | undefined {
  return ChecksumType === 'COMPOSITE' || checksum?.includes('-') ? undefined : checksum;
}

function describe(answer: HeadObjectCommandOutput, attempt: Attempt): ObjectDescription {
  return {
    sizeBytes: required(answer.ContentLength, 'Content-Length', attempt),
    versionId: answer.VersionId ?? null,
    etag: required(answer.ETag, 'ETag', attempt),
    crc32: ofWhole(answer, answer.ChecksumCRC32),
    sha256: ofWhole(answer, answer.ChecksumSHA256),
    lastModified: answer.LastModified ?? new Date(0),
    metadata: answer.Metadata,
    storageClass: answer.StorageClass,
    encryption: answer.ServerSideEncryption,
    kmsKeyId: answer.SSEKMSKeyId,
    lockMode: answer.ObjectLockMode,
    lockedUntil: answer.ObjectLockRetainUntilDate,
  };
}
