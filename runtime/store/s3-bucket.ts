import { BackupError } from '../errors';
import type {
  Bucket,
  BucketVersion,
  CopySource,
  DescribeOptions,
  DigestedBytes,
  OpenedSource,
  OpenOptions,
  PagesOptions,
  PartsOptions,
  PartsUpload,
  RequestCounts,
  ListedObject,
  SourceDescription,
  WriteOptions,
} from './bucket';
import { attributesOf, describeHeaders, hexOf, base64Of, tagHeader } from './s3-attributes';
import { bucketPages } from './s3-bucket-pages';
import { storeError } from './s3-errors';
import { S3PartsUpload } from './s3-parts-upload';
import type { S3Connection } from './s3-client';
import { encodeKey, errorOfDocument, S3Requests, type S3Answer, type S3Request } from './s3-requests';
import { elements, elementText } from './s3-xml';
import type { ObjectTags } from './store';
import type { VaultLocation } from './vault-uri';

/** A bucket, or a folder of one, at S3 or a store that speaks S3. Nothing is asked yet. */
export function openS3Bucket(location: VaultLocation, connection: S3Connection = {}): Bucket {
  return new S3Bucket(new S3Requests(location.bucket, connection), location.prefix);
}

class S3Bucket implements Bucket {
  readonly uri: string;

  constructor(
    private readonly requests: S3Requests,
    readonly prefix: string,
  ) {
    this.uri = `s3://${requests.bucket}/${prefix}`.replace(/\/$/, '');
  }

  get sent(): RequestCounts {
    return this.requests.sent;
  }

  pages(options: PagesOptions = {}): AsyncIterable<readonly ListedObject[]> {
    return bucketPages(this.requests, { prefix: this.prefix, uri: this.uri }, options);
  }

  async open(key: string, options: OpenOptions): Promise<OpenedSource> {
    const { etag, versionId, range, signal } = options;
    const answer = await this.request('read', key, {
      method: 'GET',
      query: versionQuery(versionId),
      headers: {
        'x-amz-checksum-mode': 'ENABLED',
        ...(etag !== undefined && { 'if-match': etag }),
        ...(range && { range: `bytes=${range.start}-${range.end}` }),
      },
      signal,
    });
    return { ...describeHeaders(answer.headers, this.where(key)), body: answer.body };
  }

  async describe(key: string, { versionId, signal }: DescribeOptions = {}): Promise<SourceDescription | undefined> {
    const headers = { 'x-amz-checksum-mode': 'ENABLED' };
    try {
      const answer = await this.request('look up', key, {
        method: 'HEAD',
        query: versionQuery(versionId),
        headers,
        signal,
      });
      answer.body.resume();
      return describeHeaders(answer.headers, this.where(key));
    } catch (error) {
      if (error instanceof BackupError && error.code === 'object-missing') return undefined;
      throw error;
    }
  }

  async tags(key: string, options: { versionId?: string; signal?: AbortSignal } = {}): Promise<ObjectTags> {
    const { versionId, signal } = options;
    const query = { tagging: '', ...versionQuery(versionId) };
    const { text } = await this.text('read the tags of', key, { method: 'GET', query, signal });
    const tags = [...elements(text, 'Tag')].map((tag) => [
      elementText(tag, 'Key') ?? '',
      elementText(tag, 'Value') ?? '',
    ]);
    return Object.fromEntries(tags) as ObjectTags;
  }

  async put(key: string, body: DigestedBytes, options: WriteOptions): Promise<BucketVersion> {
    const answer = await this.request('write', key, {
      method: 'PUT',
      headers: { ...writeHeaders(options), 'x-amz-checksum-sha256': base64Of(body.sha256) },
      body,
      signal: options.signal,
    });
    answer.body.resume();
    return written(answer.headers, answer.headers.etag, this.where(key));
  }

  async copy(key: string, from: CopySource, options: WriteOptions): Promise<BucketVersion & { sha256?: string }> {
    const { headers, text } = await this.text('copy', key, {
      method: 'PUT',
      headers: {
        ...writeHeaders(options),
        ...(options.attributes && { 'x-amz-metadata-directive': 'REPLACE' }),
        // Without it the source's tags are copied. At the vault tags decide what is deleted; there must be none from elsewhere.
        'x-amz-tagging-directive': 'REPLACE',
        'x-amz-copy-source': from.header,
        'x-amz-copy-source-if-match': from.etag,
        'x-amz-checksum-algorithm': 'SHA256',
      },
      signal: options.signal,
    });
    const digest = elementText(text, 'ChecksumSHA256');
    return {
      ...written(headers, elementText(text, 'ETag'), this.where(key)),
      sha256: digest === undefined || digest.includes('-') ? undefined : hexOf(digest),
    };
  }

  async beginParts(key: string, options: PartsOptions): Promise<PartsUpload> {
    const checksum = options.checksum ?? 'of each part';
    const { text } = await this.text('begin the upload of', key, {
      method: 'POST',
      query: { uploads: '' },
      headers: { ...writeHeaders({ ...options, ifAbsent: false }), ...CHECKSUM_HEADERS[checksum] },
      signal: options.signal,
    });
    const uploadId = elementText(text, 'UploadId');
    if (uploadId === undefined) throw unanswered(this.where(key), 'UploadId');
    return new S3PartsUpload(
      uploadId,
      (action, request) => this.text(action, key, request),
      (headers, etag) => written(headers, etag, this.where(key)),
      checksum,
      options.ifAbsent === true ? { 'if-none-match': '*' } : {},
    );
  }

  copySource(key: string, { etag, versionId }: { etag: string; versionId?: string }): CopySource {
    const version = versionId === undefined ? '' : `?versionId=${encodeURIComponent(versionId)}`;
    return { header: `${this.requests.bucket}/${encodeKey(this.prefix + key)}${version}`, etag };
  }

  private async request(action: string, key: string, request: Omit<S3Request, 'key'>): Promise<S3Answer> {
    try {
      return await this.requests.send({ ...request, key: this.prefix + key });
    } catch (error) {
      throw this.failure(error, action, key, request.signal);
    }
  }

  /** A document. S3 may begin to answer 200 before it knows that it cannot. */
  private async text(
    action: string,
    key: string,
    request: Omit<S3Request, 'key'>,
  ): Promise<{ headers: S3Answer['headers']; text: string }> {
    try {
      for (let attempts = 1; ; attempts++) {
        const answer = await this.requests.text({ ...request, key: this.prefix + key });
        if (!/^\s*(<\?xml[^>]*\?>\s*)?<Error>/.test(answer.text)) return answer;
        if (attempts === MOST_ERRORS_IN_SUCCESS) {
          throw errorOfDocument(answer.text, { status: 500, headers: answer.headers, attempts });
        }
      }
    } catch (error) {
      throw this.failure(error, action, key, request.signal);
    }
  }

  private failure(error: unknown, action: string, key: string, signal?: AbortSignal): BackupError {
    return storeError(error, { action, key, uri: this.uri, signal });
  }

  private where(key: string): string {
    return `${JSON.stringify(key)} in ${this.uri}`;
  }
}

const MOST_ERRORS_IN_SUCCESS = 3;

const CHECKSUM_HEADERS: Readonly<Record<Exclude<PartsOptions['checksum'], undefined>, Record<string, string>>> = {
  'of each part': { 'x-amz-checksum-algorithm': 'SHA256' },
  'of the whole': { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' },
};

function versionQuery(versionId: string | undefined): Record<string, string> {
  return versionId === undefined ? {} : { versionId };
}

function writeHeaders({ attributes = {}, tags = {}, ifAbsent }: WriteOptions): Record<string, string> {
  return {
    ...attributesOf(attributes),
    ...(Object.keys(tags).length > 0 && { 'x-amz-tagging': tagHeader(tags) }),
    ...(ifAbsent && { 'if-none-match': '*' }),
  };
}

function written(headers: S3Answer['headers'], etag: string | undefined, where: string): BucketVersion {
  if (etag === undefined) throw unanswered(where, 'ETag');
  return { versionId: headers['x-amz-version-id'] ?? null, etag };
}

function unanswered(where: string, what: string): BackupError {
  return new BackupError('store-failed', `could not write ${where}`, { detail: `The store's answer has no ${what}.` });
}
