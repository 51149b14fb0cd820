/** What a write says about its object in headers, and how a read says it back. */
import { s3Error } from '../errors';
import { checksumHeader } from '../checksums/checksum';
import type { Exchange } from '../exchange';
import type { Headers } from '../answer';
import type { Bucket } from '../storage/bucket';
import type { Encryption, ObjectAttributes, ObjectVersion } from '../storage/records';
import { ACCOUNT_ID } from '../settings';
import { find, parseXml, textOf } from '../xml/parse';
import { lockAttributes } from './object-lock';
import { tagsFromHeader } from './tags';

export const STORAGE_CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
] as const;
const MAX_METADATA_BYTES = 2048;
const KEPT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-amz-website-redirect-location',
];

/** Everything a PUT, a copy that replaces, or the creation of a multipart upload says. */
export async function readAttributes(exchange: Exchange): Promise<ObjectAttributes> {
  await requireForHeaders(exchange);
  return {
    ...readContentAttributes(exchange),
    tags: tagsFromHeader(exchange.header('x-amz-tagging')),
    ...readPlacement(exchange),
  };
}

export function readContentAttributes(exchange: Exchange): Pick<ObjectAttributes, 'headers' | 'metadata'> {
  const headers: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  for (const name of KEPT_HEADERS) {
    const value = name === 'content-encoding' ? contentEncoding(exchange) : exchange.header(name);
    if (value) headers[name] = value;
  }
  const metadata = exchange.request.headersFrom('x-amz-meta-');
  const sizeBytes = Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (sizeBytes > MAX_METADATA_BYTES) {
    throw s3Error('MetadataTooLarge', undefined, {
      Size: String(sizeBytes),
      MaxSizeAllowed: String(MAX_METADATA_BYTES),
    });
  }
  return { headers, metadata };
}

/** Storage class, encryption and lock: never taken over by a copy. */
export function readPlacement(
  exchange: Exchange,
): Pick<ObjectAttributes, 'storageClass' | 'encryption' | 'retention' | 'legalHold'> {
  return { storageClass: storageClass(exchange), encryption: encryption(exchange), ...lockAttributes(exchange) };
}

/** The headers of GET and HEAD. */
export function objectHeaders(version: ObjectVersion): Headers {
  const metadata = Object.entries(version.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  const tagCount = Object.keys(version.tags).length;
  return {
    ...version.headers,
    ...(Object.fromEntries(metadata) as Headers),
    etag: `"${version.etag}"`,
    'last-modified': new Date(version.lastModified).toUTCString(),
    'accept-ranges': 'bytes',
    'x-amz-storage-class': version.storageClass === 'STANDARD' ? undefined : version.storageClass,
    'x-amz-tagging-count': tagCount > 0 ? tagCount : undefined,
    'x-amz-object-lock-mode': version.retention?.mode,
    'x-amz-object-lock-retain-until-date': version.retention?.retainUntil,
    'x-amz-object-lock-legal-hold': version.legalHold === undefined ? undefined : version.legalHold ? 'ON' : 'OFF',
    ...encryptionHeaders(version.encryption),
  };
}

export function encryptionHeaders({ algorithm, kmsKeyId, bucketKey }: Encryption): Headers {
  return {
    'x-amz-server-side-encryption': algorithm,
    'x-amz-server-side-encryption-aws-kms-key-id': kmsKeyId,
    'x-amz-server-side-encryption-bucket-key-enabled': bucketKey === true ? 'true' : undefined,
  };
}

export function checksumHeaders({ checksum }: Pick<ObjectVersion, 'checksum'>): Headers {
  if (checksum === undefined) return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

/** Some headers need a permission of their own. */
export async function requireForHeaders(exchange: Exchange): Promise<void> {
  if (exchange.header('x-amz-tagging') !== undefined) await exchange.require('s3:PutObjectTagging');
  if (exchange.header('x-amz-object-lock-mode') !== undefined) await exchange.require('s3:PutObjectRetention');
  if (exchange.header('x-amz-object-lock-legal-hold') !== undefined) await exchange.require('s3:PutObjectLegalHold');
}

/** `aws-chunked` is about the request, not about the object. */
function contentEncoding(exchange: Exchange): string | undefined {
  const codings = exchange.header('content-encoding')?.split(',') ?? [];
  return codings
    .map((coding) => coding.trim())
    .filter((coding) => coding !== 'aws-chunked')
    .join(',');
}

function storageClass(exchange: Exchange): string {
  const asked = exchange.header('x-amz-storage-class') ?? 'STANDARD';
  if (!STORAGE_CLASSES.some((known) => known === asked)) {
    throw s3Error('InvalidStorageClass', undefined, { StorageClassRequested: asked });
  }
  return asked;
}

function encryption(exchange: Exchange): Encryption {
  if (exchange.header('x-amz-server-side-encryption-customer-algorithm') !== undefined) {
    throw s3Error('NotImplemented', 'The development server has no encryption with keys that the client provides.');
  }
  const algorithm = exchange.header('x-amz-server-side-encryption');
  if (algorithm === undefined) return defaultEncryption(exchange.bucket);
  const kmsKeyId = exchange.header('x-amz-server-side-encryption-aws-kms-key-id');
  const bucketKey = exchange.header('x-amz-server-side-encryption-bucket-key-enabled') === 'true';
  if (algorithm === 'AES256' && kmsKeyId === undefined) return { algorithm };
  if (algorithm === 'aws:kms' || algorithm === 'aws:kms:dsse') {
    return { algorithm, kmsKeyId: kmsKeyId ?? managedKey(exchange.bucket), bucketKey };
  }
  throw s3Error('InvalidArgument', 'The encryption method specified is not supported');
}

function defaultEncryption(bucket: Bucket): Encryption {
  const document = bucket.record.documents.encryption;
  const rule =
    document === undefined ? undefined : find(parseXml(document, 'ServerSideEncryptionConfiguration'), 'Rule');
  const algorithm = textOf(rule, 'ApplyServerSideEncryptionByDefault', 'SSEAlgorithm') ?? 'AES256';
  if (algorithm === 'AES256') return { algorithm };
  const kmsKeyId = textOf(rule, 'ApplyServerSideEncryptionByDefault', 'KMSMasterKeyID') ?? managedKey(bucket);
  return { algorithm, kmsKeyId, bucketKey: textOf(rule, 'BucketKeyEnabled') === 'true' };
}

function managedKey(bucket: Bucket): string {
  return `arn:aws:kms:${bucket.record.region}:${ACCOUNT_ID}:alias/aws/s3`;
}
