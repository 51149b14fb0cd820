/** ListObjectsV2 and ListObjects. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
import { xmlAnswer, type Answer } from '../answer';
import { s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { XmlValue } from '../xml/write';
import { currentVersion, encoder, isCommonPrefix, OWNER, pageSize, takePage, walk, type ListedEntry } from './listing';

export async function listObjectsV2(exchange: Exchange): Promise<Answer> {
  const { bucket } = exchange;
  const { encode, encodingType } = encoder(exchange);
  const limit = pageSize(exchange, 'max-keys');
  const token = exchange.query('continuation-token');
  const startAfter = exchange.query('start-after');
  const last = token === undefined ? undefined : parseToken(token);
  const { page, truncated } = onePage(exchange, limit, last ?? { kind: 'key', name: startAfter ?? '' });
  const withOwner = exchange.query('fetch-owner')?.toLowerCase() === 'true';
  return xmlAnswer('ListBucketResult', {
    Name: bucket.record.name,
    Prefix: encode(exchange.query('prefix') ?? ''),
    Delimiter: encodeIfGiven(exchange.query('delimiter'), encode),
    MaxKeys: limit,
    EncodingType: encodingType,
    KeyCount: page.length,
    IsTruncated: truncated,
    ContinuationToken: token,
    NextContinuationToken: truncated ? makeToken(page[page.length - 1]) : undefined,
    StartAfter: encodeIfGiven(startAfter, encode),
    ...describePage(page, encode, withOwner),
  });
}

export async function listObjects(exchange: Exchange): Promise<Answer> {
  const { bucket } = exchange;
  const { encode, encodingType } = encoder(exchange);
  const limit = pageSize(exchange, 'max-keys');
  const marker = exchange.query('marker') ?? '';
  const delimiter = exchange.query('delimiter');
  const isPrefix = isCommonPrefix(marker, exchange.query('prefix') ?? '', delimiter);
  const { page, truncated } = onePage(exchange, limit, { kind: isPrefix ? 'prefix' : 'key', name: marker });
  return xmlAnswer('ListBucketResult', {
    Name: bucket.record.name,
    Prefix: encode(exchange.query('prefix') ?? ''),
    Marker: encode(marker),
    Delimiter: encodeIfGiven(delimiter, encode),
    MaxKeys: limit,
    EncodingType: encodingType,
    IsTruncated: truncated,
    NextMarker: truncated && delimiter ? encode(nameOf(page[page.length - 1])) : undefined,
    ...describePage(page, encode, true),
  });
}

/** The last thing the caller has seen. */
interface Position {
  kind: 'key' | 'prefix';
  name: string;
}

function onePage(
  exchange: Exchange,
  limit: number,
  { kind, name }: Position,
): { page: ListedEntry[]; truncated: boolean } {
  const { bucket } = exchange;
  const from = name === '' ? 0 : kind === 'prefix' ? bucket.keys.indexAfterPrefix(name) : bucket.keys.indexAfter(name);
  const entries = walk(bucket, {
    prefix: exchange.query('prefix') ?? '',
    delimiter: exchange.query('delimiter'),
    from,
    versionsOf: currentVersion(bucket),
  });
  return takePage(entries, limit);
}

function describePage(
  page: ListedEntry[],
  encode: (text: string) => string,
  withOwner: boolean,
): { Contents: XmlValue[]; CommonPrefixes: XmlValue[] } {
  const Contents: XmlValue[] = [];
  const CommonPrefixes: XmlValue[] = [];
  for (const entry of page) {
    if (entry.kind === 'prefix') CommonPrefixes.push({ Prefix: encode(entry.prefix) });
    else {
      const { key, version } = entry;
      Contents.push({
        Key: encode(key),
        LastModified: version.lastModified,
        ETag: `"${version.etag}"`,
        ChecksumAlgorithm: version.checksum?.algorithm,
        ChecksumType: version.checksum?.type,
        Size: version.sizeBytes,
        Owner: withOwner ? OWNER : undefined,
        StorageClass: version.storageClass,
      });
    }
  }
  return { Contents, CommonPrefixes };
}

function makeToken(entry: ListedEntry): string {
  const position: Position = { kind: entry.kind === 'prefix' ? 'prefix' : 'key', name: nameOf(entry) };
  return `1${Buffer.from(`${position.kind} ${position.name}`).toString('base64url')}`;
}

function parseToken(token: string): Position {
  const match = /^(key|prefix) ([^]*)$/.exec(Buffer.from(token.slice(1), 'base64url').toString());
  if (!token.startsWith('1') || match === null) {
    const fields = { ArgumentName: 'continuation-token' };
    throw s3Error('InvalidArgument', 'The continuation token provided is incorrect', fields);
  }
  return { kind: match[1] === 'prefix' ? 'prefix' : 'key', name: match[2] };
}

function nameOf(entry: ListedEntry): string {
  return entry.kind === 'prefix' ? entry.prefix : entry.key;
}

function encodeIfGiven(text: string | undefined, encode: (text: string) => string): string | undefined {
  return text === undefined ? undefined : encode(text);
}
