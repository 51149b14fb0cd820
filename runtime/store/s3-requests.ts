/**
 * A short way to S3, for operations that are done a million times: signed and sent by the SDK's own signer, retry strategy and
 * HTTP handler, but without its middleware and serialisation, which cost four times as much as the rest together.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { createS3Client, type S3Connection } from './s3-client';
import { sdkError } from './s3-errors';
import { findPlace, type Place } from './s3-place';
import { elementText } from './s3-xml';

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** As it is, with its prefix; absent: the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly bytes: Buffer; readonly sha256: string };
  readonly signal?: AbortSignal;
}

export interface S3Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const EXPIRED = /^(ExpiredToken\w*|TokenRefreshRequired)$/;
const THROTTLED = /^(SlowDown|Throttling\w*|RequestLimitExceeded|TooManyRequests)$/;
/** However often another region or other credentials are found. */
const MOST_ATTEMPTS = 20;
/** Largest document of an error, or of a page of a listing. */
const MOST_TEXT_BYTES = 32 * 1024 * 1024;

/** Requests to one bucket. Errors are as the SDK throws them: by name, with `$metadata`. */
export class S3Requests {
  readonly sent = { writing: 0, reading: 0 };
  private place: Promise<Place> | undefined;

  constructor(
    readonly bucket: string,
    private readonly connection: S3Connection = {},
    private client: S3Client = createS3Client(connection),
  ) {}

  /** Sends it, again where that may help. A status of 300 and above is thrown, but 304 and 412 are too. */
  async send(request: S3Request): Promise<S3Answer> {
    const strategy = await retryStrategy(this.client);
    let token = await strategy.acquireInitialRetryToken('mirror');
    for (let attempts = 1; ; attempts++) {
      try {
        const answer = await this.sendOnce(request, attempts);
        strategy.recordSuccess(token);
        return answer;
      } catch (error) {
        request.signal?.throwIfAborted();
        if (attempts < MOST_ATTEMPTS && ((await this.changesPlace(error)) || (await this.renewsCredentials(error))))
          continue;
        // Throws when it is not to be tried again; then the store's error counts, not the strategy's.
        token = await strategy.refreshRetryTokenForRetry(token, { errorType: errorType(error) }).catch(() => {
          throw error;
        });
        await delay(token.getRetryDelay(), undefined, { signal: request.signal });
      }
    }
  }

  /** Sends it and reads the whole answer, a document. */
  async text(request: S3Request): Promise<{ headers: S3Answer['headers']; text: string }> {
    const { headers, body } = await this.send(request);
    return { headers, text: await readText(body) };
  }

  private async sendOnce(request: S3Request, attempts: number): Promise<S3Answer> {
    this.place ??= findPlace(this.client, this.bucket);
    const place = await this.place;
    const { method, key, query = {}, headers = {}, body, signal } = request;
    const unsigned = {
      method,
      protocol: place.protocol,
      hostname: place.hostname,
      port: place.port,
      path: key === undefined ? place.path || '/' : `${place.path}/${encodeKey(key)}`,
      query: { ...query },
      headers: {
        ...headers,
        host: place.port === undefined ? place.hostname : `${place.hostname}:${place.port}`,
        'x-amz-content-sha256': body?.sha256 ?? SHA256_OF_NOTHING,
        ...(body && { 'content-length': String(body.bytes.length) }),
      } as Record<string, string>,
      body: body?.bytes,
    };
    this.sent[key !== undefined && (method === 'GET' || method === 'HEAD') ? 'reading' : 'writing']++;
    const signed = await place.sign(unsigned);
    const handled = await this.client.config.requestHandler.handle(signed as HandledRequest, { abortSignal: signal });
    const { statusCode: status, headers: answered, body: stream } = (handled as HandledAnswer).response;
    const answer: S3Answer = { status, headers: answered, body: stream };
    if (answer.status < 300) return answer;
    throw await errorOf(answer, attempts);
  }

  /** The bucket is in another region than was thought. */
  private async changesPlace(error: unknown): Promise<boolean> {
    const region = (error as { bucketRegion?: string }).bucketRegion;
    const status = sdkError(error).$metadata?.httpStatusCode;
    if (region === undefined || (status !== 301 && status !== 307 && status !== 400)) return false;
    if (region === (await this.client.config.region())) return false;
    this.client = createS3Client({ ...this.connection, region });
    this.place = undefined;
    return true;
  }

  /** As `s3-credential-refresh.ts` does it for the SDK's own requests. */
  private async renewsCredentials(error: unknown): Promise<boolean> {
    if (!EXPIRED.test(sdkError(error).name)) return false;
    const used = await this.client.config.credentials();
    const fresh = await this.client.config.credentials({ forceRefresh: true });
    return fresh.sessionToken !== used.sessionToken || fresh.accessKeyId !== used.accessKeyId;
  }
}

type RetryStrategy = Extract<
  Awaited<ReturnType<S3Client['config']['retryStrategy']>>,
  { acquireInitialRetryToken: unknown }
>;

async function retryStrategy(client: S3Client): Promise<RetryStrategy> {
  const strategy = await client.config.retryStrategy();
  if ('acquireInitialRetryToken' in strategy) return strategy;
  throw new Error('the SDK has a retry strategy of an older kind');
}

type HandledRequest = Parameters<S3Client['config']['requestHandler']['handle']>[0];

interface HandledAnswer {
  readonly response: { readonly statusCode: number; readonly headers: Record<string, string>; readonly body: Readable };
}

/** As S3 signs it: every byte but letters, digits and `-._~`, and the slash stays. */
export function encodeKey(key: string): string {
  return key
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
    )
    .join('/');
}

export async function readText(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MOST_TEXT_BYTES) throw new Error(`the store's answer is longer than ${MOST_TEXT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function errorOf({ status, headers, body }: S3Answer, attempts: number): Promise<Error> {
  const document = await readText(body);
  return errorOfDocument(document, { status, headers, attempts });
}

/** An error document as the SDK would throw it. CopyObject may answer with one although its status is 200. */
export function errorOfDocument(
  document: string,
  { status, headers, attempts }: { status: number; headers: S3Answer['headers']; attempts: number },
): Error {
  const error = new Error(elementText(document, 'Message') ?? `HTTP ${status}`);
  return Object.assign(error, {
    name: elementText(document, 'Code') ?? NAMES.get(status) ?? 'UnknownError',
    bucketRegion: headers['x-amz-bucket-region'] ?? elementText(document, 'Region'),
    $metadata: { httpStatusCode: status, attempts, requestId: headers['x-amz-request-id'] },
  });
}

/** For answers without a document: those to HEAD. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [403, 'AccessDenied'],
  [404, 'NotFound'],
  [412, 'PreconditionFailed'],
]);

function errorType(thrown: unknown): 'THROTTLING' | 'TRANSIENT' | 'CLIENT_ERROR' {
  const { name, $metadata } = sdkError(thrown);
  const status = $metadata?.httpStatusCode;
  if (THROTTLED.test(name) || status === 429) return 'THROTTLING';
  if (status === undefined || status >= 500 || name === 'RequestTimeout') return 'TRANSIENT';
  return 'CLIENT_ERROR';
}
