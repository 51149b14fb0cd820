/** GetObject and HeadObject. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
import { emptyAnswer, type Answer, type Headers } from '../answer';
import { checksumHeader } from '../checksums/checksum';
import { s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { ObjectVersion } from '../storage/records';
import { checksumHeaders, objectHeaders } from './attributes';
import { assertReadConditions } from './conditions';
import { isMultipart, readRange, type ReadRange } from './range';
import { findVersion, versionHeader } from './versions';

export async function getObject(exchange: Exchange): Promise<Answer> {
  const { version, range, headers } = await describe(exchange);
  assertNotArchived(version);
  const body = exchange.bucket.bodies.read(version.segments, range.start, range.end);
  return { status: range.status, headers, body };
}

export async function headObject(exchange: Exchange): Promise<Answer> {
  const { range, headers } = await describe(exchange);
  return emptyAnswer(range.status, headers);
}

async function describe(exchange: Exchange): Promise<{ version: ObjectVersion; range: ReadRange; headers: Headers }> {
  const version = await findVersion(exchange);
  assertReadConditions(exchange, version);
  const range = readRange(exchange, version);
  const headers = {
    ...objectHeaders(version),
    ...versionHeader(exchange.bucket, version),
    ...rangeHeaders(version, range, exchange.query('partNumber') !== undefined),
    ...integrityHeaders(exchange, version, range),
    ...overrides(exchange),
  };
  return { version, range, headers };
}

function rangeHeaders(version: ObjectVersion, { start, end, status }: ReadRange, ofPart: boolean): Headers {
  return {
    'content-length': end - start,
    'content-range': status === 206 && end > start ? `bytes ${start}-${end - 1}/${version.sizeBytes}` : undefined,
    'x-amz-mp-parts-count': ofPart && isMultipart(version) ? version.segments.length : undefined,
  };
}

/** Of a whole object, or of one part. A part of a range has no checksum that the client could compare. */
function integrityHeaders(exchange: Exchange, version: ObjectVersion, { status, part }: ReadRange): Headers {
  if (exchange.header('x-amz-checksum-mode')?.toUpperCase() !== 'ENABLED' || version.checksum === undefined) return {};
  if (status === 200 || (exchange.query('partNumber') !== undefined && part === undefined))
    return checksumHeaders(version);
  if (part?.checksum === undefined || version.checksum.type !== 'COMPOSITE') return {};
  return { [checksumHeader(version.checksum.algorithm)]: part.checksum, 'x-amz-checksum-type': 'COMPOSITE' };
}

const OVERRIDES = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** `response-content-type=…` in the query changes what the answer says. */
function overrides(exchange: Exchange): Headers {
  return Object.fromEntries(
    OVERRIDES.map((name) => [name, exchange.query(`response-${name}`)]).filter(([, value]) => value !== undefined),
  ) as Headers;
}

function assertNotArchived({ storageClass }: ObjectVersion): void {
  if (storageClass !== 'GLACIER' && storageClass !== 'DEEP_ARCHIVE') return;
  const message = "The operation is not valid for the object's storage class";
  throw s3Error('InvalidObjectState', message, { StorageClass: storageClass });
}
