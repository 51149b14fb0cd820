import { createHash } from 'node:crypto';
import { BackupError } from '../errors';
import type { BucketVersion, CopySource, DigestedBytes, PartsOptions, PartsUpload } from './bucket';
import { crc32, crc32Base64 } from './crc32';
import { base64Of, hexOf } from './s3-attributes';
import type { S3Answer, S3Request } from './s3-requests';
import { elementText } from './s3-xml';

type Ask = (action: string, request: Omit<S3Request, 'key'>) => Promise<{ headers: S3Answer['headers']; text: string }>;

/** A run that was told to end has 25 s; freeing the upload may take this much of them. */
const ABORT_DEADLINE_MS = 10_000;

/** An object of a mirror in parts, each with a SHA-256 that S3 compares: that of the request, where it keeps another checksum. */
export class S3PartsUpload implements PartsUpload {
  private readonly parts = new Map<number, Part>();
  private ended = false;

  constructor(
    private readonly uploadId: string,
    private readonly ask: Ask,
    private readonly written: (headers: S3Answer['headers'], etag: string | undefined) => BucketVersion,
    private readonly checksum: Exclude<PartsOptions['checksum'], undefined>,
    private readonly condition: Readonly<Record<string, string>>,
  ) {}

  async send(partNumber: number, part: DigestedBytes, signal?: AbortSignal): Promise<void> {
    const sent: Digest = this.checksum === 'of the whole' ? { crc32: crc32(part.bytes) } : { sha256: part.sha256 };
    const { headers } = await this.ask(`send part ${partNumber} of`, {
      method: 'PUT',
      query: this.query(partNumber),
      headers: header(sent),
      body: part,
      signal,
    });
    this.parts.set(partNumber, { ...sent, etag: required(headers.etag, 'ETag') });
  }

  async copy(
    partNumber: number,
    from: CopySource,
    range: { start: number; end: number },
    signal?: AbortSignal,
  ): Promise<{ sha256: string }> {
    const { text } = await this.ask(`copy part ${partNumber} of`, {
      method: 'PUT',
      query: this.query(partNumber),
      headers: {
        'x-amz-copy-source': from.header,
        'x-amz-copy-source-if-match': from.etag,
        'x-amz-copy-source-range': `bytes=${range.start}-${range.end}`,
      },
      signal,
    });
    const sha256 = hexOf(required(elementText(text, 'ChecksumSHA256'), 'SHA-256'));
    this.parts.set(partNumber, { etag: required(elementText(text, 'ETag'), 'ETag'), sha256 });
    return { sha256 };
  }

  async complete(signal?: AbortSignal, wholeBytes?: number): Promise<BucketVersion> {
    const { headers, text } = await this.ask('complete', {
      method: 'POST',
      query: { uploadId: this.uploadId },
      headers: {
        'content-type': 'application/xml',
        ...(wholeBytes !== undefined && { 'x-amz-mp-object-size': String(wholeBytes) }),
        ...this.condition,
      },
      body: document(this.parts),
      signal,
    });
    this.ended = true;
    return this.written(headers, elementText(text, 'ETag'));
  }

  async abort(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    const signal = AbortSignal.timeout(ABORT_DEADLINE_MS);
    await this.ask('abort the upload of', { method: 'DELETE', query: { uploadId: this.uploadId }, signal });
  }

  private query(partNumber: number): Record<string, string> {
    return { partNumber: String(partNumber), uploadId: this.uploadId };
  }
}

type Digest = { readonly sha256: string } | { readonly crc32: number };
type Part = Digest & { readonly etag: string };

function header(digest: Digest): Record<string, string> {
  return 'crc32' in digest
    ? { 'x-amz-checksum-crc32': crc32Base64(digest.crc32) }
    : { 'x-amz-checksum-sha256': base64Of(digest.sha256) };
}

function element(digest: Digest): string {
  return 'crc32' in digest
    ? `<ChecksumCRC32>${crc32Base64(digest.crc32)}</ChecksumCRC32>`
    : `<ChecksumSHA256>${base64Of(digest.sha256)}</ChecksumSHA256>`;
}

function document(parts: ReadonlyMap<number, Part>): DigestedBytes {
  const lines = [...parts]
    .sort(([a], [b]) => a - b)
    .map(
      ([number, part]) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>${part.etag.replaceAll('"', '&quot;')}</ETag>` +
        `${element(part)}</Part>`,
    );
  const bytes = Buffer.from(`<CompleteMultipartUpload>${lines.join('')}</CompleteMultipartUpload>`);
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function required(value: string | undefined, name: string): string {
  if (value !== undefined) return value;
  throw new BackupError('store-failed', `the store's answer to a part has no ${name}`);
}
