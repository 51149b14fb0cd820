/** What describes an object, between its headers and us. */
import { BackupError } from '../errors';
import type { Attributes, SourceDescription } from './bucket';
import type { ObjectTags } from './store';

const CONTENT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-amz-website-redirect-location',
];

/** Of an answer to GET or HEAD. */
export function describeHeaders(headers: Readonly<Record<string, string>>, where: string): SourceDescription {
  const sizeBytes = Number(headers['content-length'] ?? NaN);
  if (!Number.isSafeInteger(sizeBytes) || headers.etag === undefined) {
    throw new BackupError('store-failed', `could not read ${where}`, {
      detail: "The store's answer does not tell size and ETag.",
    });
  }
  const sha256 = checksumOfWhole(headers, 'sha256');
  return {
    sizeBytes,
    etag: headers.etag,
    attributes: attributesOf(headers),
    tagCount: Number(headers['x-amz-tagging-count'] ?? 0),
    sha256: sha256 === undefined ? undefined : hexOf(sha256),
    crc32: checksumOfWhole(headers, 'crc32'),
    md5Etag: /^"[0-9a-f]{32}"$/.test(headers.etag) && isPlain(headers),
    modified: isoTime(headers['last-modified']),
    storageClass: headers['x-amz-storage-class'] === 'STANDARD' ? undefined : headers['x-amz-storage-class'],
  };
}

/** One of an object in parts is told with their number behind it, or by its type. */
function checksumOfWhole(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  const checksum = headers[`x-amz-checksum-${name}`];
  return headers['x-amz-checksum-type'] === 'COMPOSITE' || checksum?.includes('-') ? undefined : checksum;
}

function isoTime(header: string | undefined): string | undefined {
  const time = new Date(header ?? NaN);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

function isPlain(headers: Readonly<Record<string, string>>): boolean {
  const customer = headers['x-amz-server-side-encryption-customer-algorithm'];
  return customer === undefined && (headers['x-amz-server-side-encryption'] ?? 'AES256') === 'AES256';
}

/** Those of the headers that belong to the object. */
export function attributesOf(headers: Readonly<Record<string, string>>): Attributes {
  const own = Object.entries(headers).filter(
    ([name]) => name.startsWith('x-amz-meta-') || CONTENT_HEADERS.includes(name),
  );
  return Object.fromEntries(own);
}

export function tagHeader(tags: ObjectTags): string {
  return Object.entries(tags)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
}

export function hexOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}

export function base64Of(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}
