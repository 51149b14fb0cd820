/** ListParts and ListMultipartUploads. */
import { xmlAnswer, type Answer } from '../answer';
import { checksumElement } from '../checksums/checksum';
import type { Exchange } from '../exchange';
import { compareUtf8 } from '../storage/key-order';
import type { UploadRecord } from '../storage/records';
import type { XmlValue } from '../xml/write';
import { encoder, OWNER, pageSize } from './listing';
import { findUpload, MAX_PARTS } from './multipart';

export async function listParts(exchange: Exchange): Promise<Answer> {
  const { record, parts } = findUpload(exchange);
  const limit = pageSize(exchange, 'max-parts');
  const marker = Number(exchange.query('part-number-marker') ?? 0);
  const following = [...parts.values()]
    .filter(({ partNumber }) => partNumber > marker && partNumber <= MAX_PARTS)
    .sort((a, b) => a.partNumber - b.partNumber);
  const page = following.slice(0, limit);
  return xmlAnswer('ListPartsResult', {
    Bucket: exchange.bucket.record.name,
    Key: record.key,
    UploadId: record.uploadId,
    Initiator: OWNER,
    Owner: OWNER,
    StorageClass: record.attributes.storageClass,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.partNumber ?? 0,
    MaxParts: limit,
    IsTruncated: following.length > page.length,
    ChecksumAlgorithm: record.algorithm,
    ChecksumType: record.checksumType,
    Part: page.map(({ partNumber, etag, sizeBytes, lastModified, algorithm, checksum }) => ({
      PartNumber: partNumber,
      LastModified: lastModified,
      ETag: `"${etag}"`,
      Size: sizeBytes,
      [checksumElement(algorithm)]: checksum,
    })),
  });
}

export async function listMultipartUploads(exchange: Exchange): Promise<Answer> {
  const limit = pageSize(exchange, 'max-uploads');
  const { encode, encodingType } = encoder(exchange);
  const page = pageOfUploads(exchange, limit);
  const last = page.entries.at(-1);
  const more = page.truncated;
  return xmlAnswer('ListMultipartUploadsResult', {
    Bucket: exchange.bucket.record.name,
    KeyMarker: encode(exchange.query('key-marker') ?? ''),
    UploadIdMarker: exchange.query('upload-id-marker') ?? '',
    NextKeyMarker: more && last ? encode(last.name) : undefined,
    NextUploadIdMarker: more ? last?.upload?.uploadId : undefined,
    Delimiter: mapDefined(exchange.query('delimiter'), encode),
    Prefix: encode(exchange.query('prefix') ?? ''),
    MaxUploads: limit,
    EncodingType: encodingType,
    IsTruncated: more,
    Upload: page.entries.flatMap(({ upload }) => (upload === undefined ? [] : [describe(upload, encode)])),
    CommonPrefixes: page.entries.flatMap(({ name, upload }) =>
      upload === undefined ? [{ Prefix: encode(name) }] : [],
    ),
  });
}

/** An upload, or (without one) a common prefix. */
interface UploadEntry {
  name: string;
  upload?: UploadRecord;
}

function pageOfUploads(exchange: Exchange, limit: number): { entries: UploadEntry[]; truncated: boolean } {
  const prefix = exchange.query('prefix') ?? '';
  const delimiter = exchange.query('delimiter');
  const entries: UploadEntry[] = [];
  for (const { record } of exchange.bucket.uploads.list()) {
    if (!record.key.startsWith(prefix) || !isAfterMarker(exchange, record)) continue;
    const cut = delimiter ? record.key.indexOf(delimiter, prefix.length) : -1;
    const common = cut === -1 ? undefined : record.key.slice(0, cut + (delimiter ?? '').length);
    if (common !== undefined && (entries.at(-1)?.name === common || exchange.query('key-marker') === common)) continue;
    if (entries.length === limit) return { entries, truncated: true };
    entries.push(common === undefined ? { name: record.key, upload: record } : { name: common });
  }
  return { entries, truncated: false };
}

/** Behind the marker's key; with an upload marker, behind that upload of the same key as well. */
function isAfterMarker(exchange: Exchange, record: UploadRecord): boolean {
  const keyMarker = exchange.query('key-marker');
  const uploadIdMarker = exchange.query('upload-id-marker');
  if (keyMarker === undefined) return true;
  const order = compareUtf8(record.key, keyMarker);
  if (order !== 0 || uploadIdMarker === undefined) return order > 0;
  const marker = exchange.bucket.uploads.get(uploadIdMarker)?.record;
  if (marker === undefined) return record.uploadId > uploadIdMarker;
  return (
    record.initiated > marker.initiated || (record.initiated === marker.initiated && record.uploadId > uploadIdMarker)
  );
}

function describe(record: UploadRecord, encode: (text: string) => string): XmlValue {
  return {
    Key: encode(record.key),
    UploadId: record.uploadId,
    Initiator: OWNER,
    Owner: OWNER,
    StorageClass: record.attributes.storageClass,
    Initiated: record.initiated,
    ChecksumAlgorithm: record.algorithm,
    ChecksumType: record.checksumType,
  };
}

function mapDefined<T, U>(value: T | undefined, change: (value: T) => U): U | undefined {
  return value === undefined ? undefined : change(value);
}
