/** What the server can be told, and what it tells. */
import type { FaultPlan } from './faults';

/** An access key that may sign requests. */
export interface S3Credential {
  accessKeyId: string;
  secretAccessKey: string;
  /** When set, requests must carry it as `x-amz-security-token`. */
  sessionToken?: string;
  /** From then on requests are refused with `ExpiredToken`. */
  expiresAt?: Date;
}

/** One permission that a request needs. */
export interface AuthorizationRequest {
  accessKeyId: string;
  /** As in IAM, for example `s3:PutObject`. */
  action: string;
  /** None when buckets are listed. */
  bucket?: string;
  /** Only for actions on objects. */
  key?: string;
  /** Whether the request is about a multipart upload, which S3 asks more of a key's policy for. */
  multipart: boolean;
  /** Condition keys that can be known here, for example `s3:prefix`, `s3:x-amz-server-side-encryption`, `aws:SecureTransport`. */
  conditions: Readonly<Record<string, string>>;
}

/** Something happened to an object, as in S3's event notifications. */
export interface ObjectEvent {
  /** For example `ObjectCreated:Put`, `ObjectRemoved:DeleteMarkerCreated`. */
  name: string;
  bucket: string;
  key: string;
  versionId: string;
  sizeBytes: number;
  etag: string;
  time: Date;
  accessKeyId: string;
}

/** A request that was answered. */
export interface ServedRequest {
  operation: string;
  method: string;
  bucket?: string;
  key?: string;
  partNumber?: number;
  /** 0 when the connection was dropped instead. */
  status: number;
  errorCode?: string;
  accessKeyId?: string;
}

export interface S3ServerOptions {
  /** Where everything is kept. Created when missing; what it holds from an earlier run is served again. */
  directory: string;
  /** @default a free one */
  port?: number;
  /** @default 'us-east-1' */
  region?: string;
  /** The first credential. @default a random one */
  accessKeyId?: string;
  secretAccessKey?: string;
  /** More credentials, for callers with other rights. */
  credentials?: readonly S3Credential[];
  /** Asked for every permission a request needs. @default everything is allowed to every known credential */
  authorize?: (request: AuthorizationRequest) => boolean | Promise<boolean>;
  /** Faults to inject. @default none */
  faults?: FaultPlan;
  /** Told after each change of an object. */
  onObjectEvent?: (event: ObjectEvent) => void;
  /** Told after each answer. */
  onRequest?: (request: ServedRequest) => void;
  /** Speak TLS, with a key and a certificate in PEM: some clients speak nothing else. @default plain HTTP */
  tls?: { key: string; certificate: string };
  /** Wait for the disk on every write, so that a power failure loses nothing. @default false */
  durable?: boolean;
  /** The time, for tests that move it. @default the system's */
  now?: () => Date;
}

/** The account that owns everything here. */
export const ACCOUNT_ID = '111122223333';
