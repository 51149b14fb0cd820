/** CopyObject and UploadPartCopy. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
import { xmlAnswer, type Answer, type Headers } from '../answer';
import { checksumElement, parseAlgorithm } from '../checksums/checksum';
import { s3Error } from '../errors';
import { MAX_PUT_BYTES, type Exchange } from '../exchange';
import type { Bucket } from '../storage/bucket';
import type { ObjectAttributes, ObjectVersion } from '../storage/records';
import { encryptionHeaders, readContentAttributes, readPlacement, requireForHeaders } from './attributes';
import { assertReadConditions, assertWriteConditions } from './conditions';
import { findUpload, keepPart, parsePartNumber, partAlgorithm } from './multipart';
import { commitOrRemove } from './put-object';
import { tagsFromHeader } from './tags';
import { versionHeader, versionOf } from './versions';
import { writeCopy } from './write-body';

export async function copyObject(exchange: Exchange): Promise<Answer> {
  const { bucket, key } = exchange;
  const source = await findSource(exchange);
  assertCopySize(source.version.sizeBytes);
  const attributes = await copiedAttributes(exchange, source);
  assertWriteConditions(exchange, bucket.versions(key).at(0));
  const algorithm =
    parseAlgorithm(exchange.header('x-amz-checksum-algorithm')) ?? source.version.checksum?.algorithm ?? 'CRC64NVME';
  const bytes = source.bucket.bodies.read(source.version.segments, 0, source.version.sizeBytes);
  const { file, sizeBytes, md5, checksum } = await writeCopy(bucket, bytes, algorithm);
  const written = {
    ...attributes,
    etag: md5,
    sizeBytes,
    checksum: { ...checksum, type: 'FULL_OBJECT' as const },
    segments: [{ file, sizeBytes }],
  };
  const version = await commitOrRemove(exchange, written, file);
  exchange.emit('ObjectCreated:Copy', version);
  const result = {
    LastModified: version.lastModified,
    ETag: `"${version.etag}"`,
    ChecksumType: 'FULL_OBJECT',
    [checksumElement(checksum.algorithm)]: checksum.value,
  };
  return xmlAnswer('CopyObjectResult', result, {
    ...sourceHeaders(source),
    ...encryptionHeaders(version.encryption),
    ...versionHeader(bucket, version),
  });
}

export async function uploadPartCopy(exchange: Exchange): Promise<Answer> {
  const { bucket } = exchange;
  const upload = findUpload(exchange);
  const partNumber = parsePartNumber(exchange);
  const source = await findSource(exchange);
  const { start, end } = sourceRange(exchange, source.version.sizeBytes);
  assertCopySize(end - start);
  const bytes = source.bucket.bodies.read(source.version.segments, start, end);
  const body = await writeCopy(bucket, bytes, partAlgorithm(upload));
  const part = await keepPart(exchange, upload, partNumber, body);
  const result = {
    LastModified: part.lastModified,
    ETag: `"${part.etag}"`,
    [checksumElement(part.algorithm)]: part.checksum,
  };
  return xmlAnswer('CopyPartResult', result, sourceHeaders(source));
}

interface CopySource {
  bucket: Bucket;
  key: string;
  version: ObjectVersion;
}

/** `bucket/key` or `/bucket/key`, encoded as in a URL, with `?versionId=…` perhaps. */
async function findSource(exchange: Exchange): Promise<CopySource> {
  const header = exchange.header('x-amz-copy-source') ?? '';
  const match = /^\/?([^/?]+)\/(.+?)(?:\?versionId=([^?&]+))?$/s.exec(header);
  const key = match === null ? undefined : decode(match[2]);
  if (match === null || key === undefined) {
    throw s3Error('InvalidArgument', 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey', {
      ArgumentName: 'x-amz-copy-source',
      ArgumentValue: header,
    });
  }
  const [, bucketName, , versionId] = match;
  await exchange.require(versionId ? 's3:GetObjectVersion' : 's3:GetObject', { bucket: bucketName, key });
  const bucket = exchange.service.storage.get(bucketName);
  const version = await versionOf(exchange, bucket, key, versionId);
  assertReadConditions(exchange, version, 'x-amz-copy-source-');
  return { bucket, key, version };
}

/** What the copy takes over from its source, and what the request replaces. */
async function copiedAttributes(exchange: Exchange, { bucket, key, version }: CopySource): Promise<ObjectAttributes> {
  const metadataDirective = directive(exchange, 'x-amz-metadata-directive');
  const taggingDirective = directive(exchange, 'x-amz-tagging-directive');
  const placement = readPlacement(exchange);
  const changes = metadataDirective === 'REPLACE' || taggingDirective === 'REPLACE' || hasPlacement(exchange);
  if (bucket === exchange.bucket && key === exchange.key && !changes) {
    const message =
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.";
    throw s3Error('InvalidRequest', message);
  }
  const content = metadataDirective === 'REPLACE' ? readContentAttributes(exchange) : version;
  await requireForHeaders(exchange);
  const replaced = taggingDirective === 'REPLACE';
  if (!replaced && Object.keys(version.tags).length > 0) {
    await exchange.require('s3:GetObjectTagging', { bucket: bucket.record.name, key });
    await exchange.require('s3:PutObjectTagging');
  }
  const tags = replaced ? tagsFromHeader(exchange.header('x-amz-tagging')) : version.tags;
  return { headers: content.headers, metadata: content.metadata, tags, ...placement };
}

function directive(exchange: Exchange, name: string): 'COPY' | 'REPLACE' {
  const value = exchange.header(name) ?? 'COPY';
  if (value === 'COPY' || value === 'REPLACE') return value;
  throw s3Error('InvalidArgument', 'Unknown directive.', { ArgumentName: name, ArgumentValue: value });
}

function hasPlacement(exchange: Exchange): boolean {
  return ['x-amz-storage-class', 'x-amz-server-side-encryption'].some((name) => exchange.header(name) !== undefined);
}

/** Unlike a read's range, a copy's has to be exact and inside. */
function sourceRange(exchange: Exchange, sizeBytes: number): { start: number; end: number } {
  const header = exchange.header('x-amz-copy-source-range');
  if (header === undefined) return { start: 0, end: sizeBytes };
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header);
  const [start, end] = match === null ? [NaN, NaN] : [Number(match[1]), Number(match[2]) + 1];
  if (!(start < end && end <= sizeBytes)) {
    const message = `The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy; the source has ${sizeBytes} bytes`;
    throw s3Error('InvalidArgument', message, { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: header });
  }
  return { start, end };
}

function sourceHeaders({ bucket, version }: CopySource): Headers {
  return { 'x-amz-copy-source-version-id': versionHeader(bucket, version)['x-amz-version-id'] };
}

function assertCopySize(sizeBytes: number): void {
  if (sizeBytes <= MAX_PUT_BYTES) return;
  const message = `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_PUT_BYTES}`;
  throw s3Error('InvalidRequest', message);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
