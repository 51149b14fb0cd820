/** Starts the development S3 server on the loopback address, and stops it. */
import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { isAllowed } from './authorization';
import { Damage } from './damage';
import type { Service } from './exchange';
import { handle, type Handler } from './handle';
import { applyLifecycle } from './lifecycle/apply';
import { newBucket } from './operations/buckets';
import type { S3Credential, S3ServerOptions } from './settings';
import type { Bucket } from './storage/bucket';
import { Storage } from './storage/storage';

export interface BucketSettings {
  /** @default false */
  versioning?: boolean;
  /** Implies versioning. @default false */
  objectLock?: boolean;
  /** Other settings as S3 documents, by subresource: `{ lifecycle: '<LifecycleConfiguration>…' }`. */
  documents?: Readonly<Record<string, string>>;
}

export interface S3Server {
  /** `http://127.0.0.1:PORT`, or `https` with a certificate. */
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  /** The first credential. */
  readonly credentials: S3Credential;
  /** The variables that point an AWS SDK, or the AWS command line, here. */
  readonly environment: Readonly<Record<string, string>>;
  /** Damages stored objects. */
  readonly damage: Damage;
  createBucket(name: string, settings?: BucketSettings): Promise<void>;
  /** The names of all buckets. */
  buckets(): string[];
  /** What a bucket holds, in order; not what has a delete marker on top. */
  keys(bucket: string): string[];
  /** Does what a bucket's lifecycle asks for on this day, and tells it; S3 does so once a day. */
  applyLifecycle(bucket: string): Promise<string[]>;
  /** Lets another credential sign requests from now on. */
  addCredential(credential: S3Credential): void;
  /** Cuts all connections and frees the port. What is stored stays. */
  close(): Promise<void>;
}

const DEFAULT_REGION = 'us-east-1';
/** Longer than a busy client pauses between two requests, so that no idle connection is closed under a request that is on its way. */
const KEEP_ALIVE_MS = 120_000;

export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const region = options.region ?? DEFAULT_REGION;
  const now = options.now ?? (() => new Date());
  const storage = await Storage.open(options.directory, { durable: options.durable ?? false });
  const first = firstCredential(options);
  const credentials = new Map([first, ...(options.credentials ?? [])].map((one) => [one.accessKeyId, one]));
  const service: Service = {
    storage,
    region,
    now,
    isAllowed: (exchange, action, target) => isAllowed(options.authorize, exchange, action, target),
    emit: (event) => options.onObjectEvent?.(event),
  };
  const handler: Handler = {
    service,
    verifier: { credentials, region, now },
    faults: options.faults,
    served: (request) => options.onRequest?.(request),
    broken: (error) => console.error('development S3 server:', error),
  };
  const server = await listen(handler, options);
  const { port } = server.address() as AddressInfo;
  const endpoint = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  return {
    endpoint,
    port,
    region,
    credentials: first,
    environment: environment(endpoint, region, first),
    damage: new Damage(storage),
    buckets: () => storage.list().map(({ record }) => record.name),
    addCredential: (credential) => void credentials.set(credential.accessKeyId, credential),
    createBucket: (name, settings = {}) => createBucket(service, name, settings),
    keys: (name) => visibleKeys(storage.get(name)),
    applyLifecycle: (name) => applyLifecycle(storage.get(name), now()),
    close: () => close(server),
  };
}

function firstCredential({ accessKeyId, secretAccessKey }: S3ServerOptions): S3Credential {
  return {
    accessKeyId: accessKeyId ?? `DEVELOPMENT${randomBytes(5).toString('hex').toUpperCase()}`,
    secretAccessKey: secretAccessKey ?? randomBytes(20).toString('hex'),
  };
}

async function listen(handler: Handler, { port = 0, tls }: S3ServerOptions): Promise<Server> {
  const settings = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 };
  const answer: RequestListener = (message, response) => void handle(handler, message, response);
  const server = tls
    ? createTlsServer({ ...settings, key: tls.key, cert: tls.certificate }, answer)
    : createServer(settings, answer);
  // The client waits for "100 Continue": an error that needs no body is told before the body is sent.
  server.on('checkContinue', (message, response) => void handle(handler, message, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

function environment(endpoint: string, region: string, credential: S3Credential): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credential.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credential.secretAccessKey,
    ...(credential.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credential.sessionToken }),
  };
}

async function createBucket(service: Service, name: string, settings: BucketSettings): Promise<void> {
  const { versioning = false, objectLock = false, documents = {} } = settings;
  const record = newBucket({ name, region: service.region, createdAt: service.now().toISOString(), objectLock });
  if (versioning) record.versioning = 'Enabled';
  await service.storage.create({ ...record, documents: { ...documents } });
}

function visibleKeys(bucket: Bucket): string[] {
  return [...bucket.keys].filter((key) => !bucket.versions(key)[0]?.deleteMarker);
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
