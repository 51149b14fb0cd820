/** Bucket settings that are kept and given back as they came. Those that change what this server does are read where they act. */
import { emptyAnswer, textAnswer, type Answer } from '../answer';
import { s3Error, type S3ErrorCode } from '../errors';
import type { Exchange } from '../exchange';
import { parseXml } from '../xml/parse';
import { writeXml } from '../xml/write';

export interface BucketDocument {
  /** The root element. The bucket policy is JSON and has none. */
  root?: string;
  /** The error when it was never set; settings that always have a value show their default instead. */
  missing: S3ErrorCode | { default: string };
  put: { operation: string; action: string };
  get: { operation: string; action: string };
  delete?: { operation: string; action: string };
}

const DEFAULT_ENCRYPTION = writeXml('ServerSideEncryptionConfiguration', {
  Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false },
});

/** By the query parameter that names them. */
export const BUCKET_DOCUMENTS: Readonly<Record<string, BucketDocument>> = {
  lifecycle: {
    root: 'LifecycleConfiguration',
    missing: 'NoSuchLifecycleConfiguration',
    get: { operation: 'GetBucketLifecycleConfiguration', action: 's3:GetLifecycleConfiguration' },
    put: { operation: 'PutBucketLifecycleConfiguration', action: 's3:PutLifecycleConfiguration' },
    delete: { operation: 'DeleteBucketLifecycle', action: 's3:PutLifecycleConfiguration' },
  },
  policy: {
    missing: 'NoSuchBucketPolicy',
    get: { operation: 'GetBucketPolicy', action: 's3:GetBucketPolicy' },
    put: { operation: 'PutBucketPolicy', action: 's3:PutBucketPolicy' },
    delete: { operation: 'DeleteBucketPolicy', action: 's3:DeleteBucketPolicy' },
  },
  publicAccessBlock: {
    root: 'PublicAccessBlockConfiguration',
    missing: 'NoSuchPublicAccessBlockConfiguration',
    get: { operation: 'GetPublicAccessBlock', action: 's3:GetBucketPublicAccessBlock' },
    put: { operation: 'PutPublicAccessBlock', action: 's3:PutBucketPublicAccessBlock' },
    delete: { operation: 'DeletePublicAccessBlock', action: 's3:PutBucketPublicAccessBlock' },
  },
  encryption: {
    root: 'ServerSideEncryptionConfiguration',
    missing: { default: DEFAULT_ENCRYPTION },
    get: { operation: 'GetBucketEncryption', action: 's3:GetEncryptionConfiguration' },
    put: { operation: 'PutBucketEncryption', action: 's3:PutEncryptionConfiguration' },
    delete: { operation: 'DeleteBucketEncryption', action: 's3:PutEncryptionConfiguration' },
  },
  logging: {
    root: 'BucketLoggingStatus',
    missing: { default: writeXml('BucketLoggingStatus', {}) },
    get: { operation: 'GetBucketLogging', action: 's3:GetBucketLogging' },
    put: { operation: 'PutBucketLogging', action: 's3:PutBucketLogging' },
  },
  ownershipControls: {
    root: 'OwnershipControls',
    missing: 'OwnershipControlsNotFoundError',
    get: { operation: 'GetBucketOwnershipControls', action: 's3:GetBucketOwnershipControls' },
    put: { operation: 'PutBucketOwnershipControls', action: 's3:PutBucketOwnershipControls' },
    delete: { operation: 'DeleteBucketOwnershipControls', action: 's3:PutBucketOwnershipControls' },
  },
  cors: {
    root: 'CORSConfiguration',
    missing: 'NoSuchCORSConfiguration',
    get: { operation: 'GetBucketCors', action: 's3:GetBucketCORS' },
    put: { operation: 'PutBucketCors', action: 's3:PutBucketCORS' },
    delete: { operation: 'DeleteBucketCors', action: 's3:PutBucketCORS' },
  },
  tagging: {
    root: 'Tagging',
    missing: 'NoSuchTagSet',
    get: { operation: 'GetBucketTagging', action: 's3:GetBucketTagging' },
    put: { operation: 'PutBucketTagging', action: 's3:PutBucketTagging' },
    delete: { operation: 'DeleteBucketTagging', action: 's3:PutBucketTagging' },
  },
  notification: {
    root: 'NotificationConfiguration',
    missing: { default: writeXml('NotificationConfiguration', {}) },
    get: { operation: 'GetBucketNotificationConfiguration', action: 's3:GetBucketNotification' },
    put: { operation: 'PutBucketNotificationConfiguration', action: 's3:PutBucketNotification' },
  },
  replication: {
    root: 'ReplicationConfiguration',
    missing: 'ReplicationConfigurationNotFoundError',
    get: { operation: 'GetBucketReplication', action: 's3:GetReplicationConfiguration' },
    put: { operation: 'PutBucketReplication', action: 's3:PutReplicationConfiguration' },
    delete: { operation: 'DeleteBucketReplication', action: 's3:PutReplicationConfiguration' },
  },
};

export function getDocument(name: string): (exchange: Exchange) => Promise<Answer> {
  const { missing, root } = BUCKET_DOCUMENTS[name];
  const type = root === undefined ? 'application/json' : 'application/xml';
  return async ({ bucket }) => {
    const stored = bucket.record.documents[name] as string | undefined;
    if (stored === undefined && typeof missing === 'string') {
      throw s3Error(missing, undefined, { BucketName: bucket.record.name });
    }
    const text = stored ?? (typeof missing === 'string' ? '' : missing.default);
    return textAnswer(text, { 'content-type': type });
  };
}

export function putDocument(name: string): (exchange: Exchange) => Promise<Answer> {
  const { root } = BUCKET_DOCUMENTS[name];
  return async (exchange) => {
    const { bucket } = exchange;
    const text = await exchange.receiveText();
    if (root === undefined) assertJson(text);
    else parseXml(text, root);
    await saveDocument(exchange, name, text);
    return emptyAnswer(root === undefined ? 204 : 200, { 'x-amz-bucket-region': bucket.record.region });
  };
}

export function deleteDocument(name: string): (exchange: Exchange) => Promise<Answer> {
  return async (exchange) => {
    await saveDocument(exchange, name, undefined);
    return emptyAnswer(204);
  };
}

export async function saveDocument({ bucket }: Exchange, name: string, text: string | undefined): Promise<void> {
  if (text === undefined) delete bucket.record.documents[name];
  else bucket.record.documents[name] = text;
  await bucket.saveSettings();
}

function assertJson(text: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw s3Error('MalformedPolicy');
  }
  if (!text.trimStart().startsWith('{')) throw s3Error('MalformedPolicy');
}
