import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { BackupError } from '../errors';
import { crc32Base64 } from './crc32';
import { confirmWrite, type Expected } from './s3-confirmation';
import { sdkError, storeError, type Attempt } from './s3-errors';
import { withKnownDigest } from './s3-payload-digest';
import type { MultipartUpload, ObjectDescription, PartDigest, WrittenVersion } from './store';

/** A run that was told to end has 25 s; freeing the upload may take this much of them. */
const ABORT_DEADLINE_MS = 10_000;

/** A multipart upload at S3, with a CRC-32 of the full object that S3 itself compares at the end. */
export class S3MultipartUpload implements MultipartUpload {
  private ended = false;

  constructor(
    private readonly client: S3Client,
    private readonly target: { readonly Bucket: string; readonly Key: string; readonly UploadId: string },
    private readonly ifAbsent: boolean,
    private readonly attempt: Omit<Attempt, 'action'>,
    private readonly head: () => Promise<ObjectDescription | undefined>,
  ) {}

  async uploadPart(partNumber: number, part: PartDigest, signal?: AbortSignal): Promise<{ etag: string }> {
    const attempt = { ...this.attempt, action: `send part ${partNumber} of`, signal };
    const command = new UploadPartCommand({
      ...this.target,
      PartNumber: partNumber,
      Body: withKnownDigest(joined(part.chunks), part.sha256),
      ContentLength: part.sizeBytes,
      ChecksumCRC32: crc32Base64(part.crc32),
    });
    const { ETag } = await this.client.send(command, { abortSignal: signal }).catch((error: unknown) => {
      throw storeError(error, attempt);
    });
    return { etag: required(ETag, 'ETag', attempt) };
  }

  async complete(
    parts: readonly { partNumber: number; etag: string; crc32: number }[],
    whole: Expected,
  ): Promise<WrittenVersion> {
    const attempt = { ...this.attempt, action: 'complete' };
    const command = new CompleteMultipartUploadCommand({
      ...this.target,
      MultipartUpload: {
        Parts: parts.map(({ partNumber, etag, crc32 }) => ({
          PartNumber: partNumber,
          ETag: etag,
          ChecksumCRC32: crc32Base64(crc32),
        })),
      },
      ChecksumCRC32: crc32Base64(whole.crc32),
      ChecksumType: 'FULL_OBJECT',
      MpuObjectSize: whole.sizeBytes,
      IfNoneMatch: this.ifAbsent ? '*' : undefined,
    });
    const written = await this.client.send(command).then(
      ({ VersionId, ETag }) => ({ versionId: VersionId ?? null, etag: required(ETag, 'ETag', attempt) }),
      (error: unknown) => confirmWrite(error, attempt, whole, this.head),
    );
    this.ended = true;
    return written;
  }

  async abort(): Promise<void> {
    if (this.ended) return;
    const signal = AbortSignal.timeout(ABORT_DEADLINE_MS);
    try {
      await this.client.send(new AbortMultipartUploadCommand(this.target), { abortSignal: signal });
    } catch (error) {
      // Gone is what was wanted.
      if (sdkError(error).name !== 'NoSuchUpload') {
        throw storeError(error, { ...this.attempt, action: 'abort the upload of', signal });
      }
    }
    this.ended = true;
  }
}

/** One chunk, as a stream upload has it, is sent as it is; several are joined, because the SDK repeats only what is in one piece. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

export function required<T>(value: T | undefined, name: string, attempt: Attempt): T {
  if (value !== undefined) return value;
  throw new BackupError(
    'store-failed',
    `could not ${attempt.action} ${JSON.stringify(attempt.key)} in ${attempt.uri}`,
    {
      detail: `The store's answer has no ${name}.`,
    },
  );
}
