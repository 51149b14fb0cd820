/** Conditional reads and writes. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html */
import { S3Error, s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { ObjectVersion } from '../storage/records';

/** Of GET and HEAD: 412 or 304 where the conditions do not hold. An If-Match that holds outweighs If-Unmodified-Since, as does If-None-Match. */
export function assertReadConditions(exchange: Exchange, version: ObjectVersion, prefix = ''): void {
  const modified = Math.floor(new Date(version.lastModified).getTime() / 1000) * 1000;
  const ifMatch = exchange.header(`${prefix}if-match`);
  const ifNoneMatch = exchange.header(`${prefix}if-none-match`);
  const unmodifiedSince = parseDate(exchange.header(`${prefix}if-unmodified-since`));
  const modifiedSince = parseDate(exchange.header(`${prefix}if-modified-since`));
  if (ifMatch !== undefined && !matches(ifMatch, version)) throw failed('If-Match');
  if (ifMatch === undefined && unmodifiedSince !== undefined && modified > unmodifiedSince) {
    throw failed('If-Unmodified-Since');
  }
  const unchanged =
    ifNoneMatch !== undefined
      ? matches(ifNoneMatch, version)
      : modifiedSince !== undefined && modified <= modifiedSince;
  if (!unchanged) return;
  if (prefix !== '') throw failed('If-None-Match');
  throw new S3Error('NotModified', { status: 304, headers: { etag: `"${version.etag}"` } });
}

/** Of PUT and CompleteMultipartUpload, against the newest version. The caller holds the key's lock. */
export function assertWriteConditions(exchange: Exchange, newest: ObjectVersion | undefined): void {
  const ifNoneMatch = exchange.header('if-none-match');
  const ifMatch = exchange.header('if-match');
  const present = newest !== undefined && !newest.deleteMarker;
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== '*') throw s3Error('NotImplemented', 'If-None-Match of a write can only be "*".');
    if (present) throw failed('If-None-Match');
  }
  if (ifMatch !== undefined) {
    if (!present) throw s3Error('NoSuchKey', undefined, { Key: exchange.key });
    if (!matches(ifMatch, newest)) throw failed('If-Match');
  }
}

function matches(header: string, { etag }: ObjectVersion): boolean {
  return header.split(',').some((one) => {
    const bare = one.trim().replace(/^"|"$/g, '');
    return bare === '*' || bare === etag;
  });
}

/** Milliseconds; nothing for a date that cannot be read, which HTTP says to ignore. */
function parseDate(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}

function failed(condition: string): Error {
  return s3Error('PreconditionFailed', undefined, { Condition: condition });
}
