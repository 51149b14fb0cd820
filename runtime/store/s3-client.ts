import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { usageError } from '../errors';
import { addCredentialRefresh } from './s3-credential-refresh';
import { addPayloadDigest } from './s3-payload-digest';

/** Where the store answers and as whom to ask it. All of it optional: the SDK's variables and files say the rest. */
export interface S3Connection {
  /** Of an S3-compatible store: `https://minio.internal:9000`. Default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else AWS itself. */
  readonly endpoint?: string;
  /** Default: AWS_REGION, AWS_DEFAULT_REGION, the profile's; with an endpoint of its own and none of them, `us-east-1`. */
  readonly region?: string;
  /** Default: the SDK's chain (variables, profile, container, instance), refreshed by itself. */
  readonly credentials?: S3ClientConfig['credentials'];
  /** Times a request is tried at most, the first included; default AWS_MAX_ATTEMPTS, else 10. */
  readonly maxAttempts?: number;
}

/** With the SDK's jittered back-off, capped at 20 s a time: about a minute of a throttling store is sat out. */
const MAX_ATTEMPTS = 10;
const CONNECTION_TIMEOUT_MS = 10_000;
/** Without a byte in either direction. A slow part is not cut off, a dead connection is. */
const IDLE_TIMEOUT_MS = 60_000;
/** More than any sensible sum of parts in flight, so that no request waits for a socket. */
const MAX_SOCKETS = 128;

export function createS3Client(connection: S3Connection = {}, environment = process.env): S3Client {
  const endpoint = customEndpoint(connection, environment);
  const client = new S3Client({
    endpoint,
    // A bucket in the host's name resolves at AWS, and hardly anywhere else.
    forcePathStyle: endpoint !== undefined && !isAws(endpoint),
    region: region(connection, environment, endpoint),
    credentials: connection.credentials,
    retryMode: 'standard',
    maxAttempts: connection.maxAttempts ?? maxAttempts(environment),
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      socketTimeout: IDLE_TIMEOUT_MS,
      httpAgent: { maxSockets: MAX_SOCKETS },
      httpsAgent: { maxSockets: MAX_SOCKETS },
    },
    // With it, the SDK opens (and encrypts) a new connection for every part.
    expectContinueHeader: false,
    // Checksums are computed once, by us, and given with each request; what is read is checked against SHA-256.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: true,
  });
  addCredentialRefresh(client);
  addPayloadDigest(client);
  return client;
}

function customEndpoint(connection: S3Connection, environment: NodeJS.ProcessEnv): string | undefined {
  if (connection.endpoint !== undefined) return checkedUrl('endpoint', connection.endpoint);
  if (environment.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true') return undefined;
  for (const name of ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL']) {
    const value = environment[name];
    if (value) return checkedUrl(name, value);
  }
  return undefined;
}

function checkedUrl(name: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    throw usageError(`invalid ${name} "${value}": it is not a URL`, 'Give it as https://host[:port].');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw usageError(
      `invalid ${name} of host "${url.host}": it holds more than a host, port and path`,
      'Credentials go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    );
  }
  return value;
}

function isAws(endpoint: string): boolean {
  return /(^|\.)(amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|api\.aws)$/.test(new URL(endpoint).hostname);
}

function region(
  connection: S3Connection,
  environment: NodeJS.ProcessEnv,
  endpoint: string | undefined,
): string | undefined {
  const stated = connection.region ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  if (stated) return stated;
  // Undefined leaves it to the SDK, which reads the profile.
  return endpoint === undefined || environment.AWS_PROFILE ? undefined : 'us-east-1';
}

/** Undefined leaves it to the SDK, which reads AWS_MAX_ATTEMPTS itself. */
function maxAttempts(environment: NodeJS.ProcessEnv): number | undefined {
  return environment.AWS_MAX_ATTEMPTS ? undefined : MAX_ATTEMPTS;
}
