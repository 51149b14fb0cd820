/** ListObjectVersions. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
import { xmlAnswer, type Answer } from '../answer';
import { s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { ObjectVersion } from '../storage/records';
import type { XmlValue } from '../xml/write';
import { encoder, isCommonPrefix, OWNER, pageSize, takePage, walk, type ListedEntry } from './listing';

export async function listObjectVersions(exchange: Exchange): Promise<Answer> {
  const { bucket } = exchange;
  const { encode, encodingType } = encoder(exchange);
  const limit = pageSize(exchange, 'max-keys');
  const delimiter = exchange.query('delimiter');
  const { page, truncated } = takePage(entriesAfterMarker(exchange), limit);
  const last = truncated ? page.at(-1) : undefined;
  const listed = page.filter((entry) => entry.kind === 'version');
  return xmlAnswer('ListVersionsResult', {
    Name: bucket.record.name,
    Prefix: encode(exchange.query('prefix') ?? ''),
    KeyMarker: encode(exchange.query('key-marker') ?? ''),
    VersionIdMarker: exchange.query('version-id-marker') ?? '',
    NextKeyMarker: last && encode(last.kind === 'prefix' ? last.prefix : last.key),
    NextVersionIdMarker: last?.kind === 'version' ? last.version.versionId : undefined,
    MaxKeys: limit,
    Delimiter: delimiter === undefined ? undefined : encode(delimiter),
    EncodingType: encodingType,
    IsTruncated: truncated,
    Version: listed.filter(({ version }) => !version.deleteMarker).map((entry) => describe(entry, encode)),
    DeleteMarker: listed.filter(({ version }) => version.deleteMarker).map((entry) => describe(entry, encode)),
    CommonPrefixes: page.flatMap((entry) => (entry.kind === 'prefix' ? [{ Prefix: encode(entry.prefix) }] : [])),
  });
}

function entriesAfterMarker(exchange: Exchange): Iterable<ListedEntry> {
  const { bucket } = exchange;
  const keyMarker = exchange.query('key-marker');
  const versionIdMarker = exchange.query('version-id-marker');
  if (versionIdMarker !== undefined && keyMarker === undefined) {
    throw s3Error('InvalidArgument', 'A version-id marker cannot be specified without a key marker.');
  }
  const delimiter = exchange.query('delimiter');
  const prefix = exchange.query('prefix') ?? '';
  return walk(bucket, {
    prefix,
    delimiter,
    from: firstIndex(exchange, keyMarker, versionIdMarker),
    shownPrefix: isCommonPrefix(keyMarker ?? '', prefix, delimiter) ? keyMarker : undefined,
    versionsOf: (key) => {
      const versions = bucket.versions(key);
      return key === keyMarker && versionIdMarker ? after(versions, versionIdMarker) : versions;
    },
  });
}

function firstIndex({ bucket }: Exchange, keyMarker: string | undefined, versionIdMarker: string | undefined): number {
  if (!keyMarker) return 0;
  return versionIdMarker ? bucket.keys.indexFrom(keyMarker) : bucket.keys.indexAfter(keyMarker);
}

/** The versions behind a marker; none when the marker's version is gone, so that no page repeats what was shown. */
function after(versions: readonly ObjectVersion[], versionId: string): readonly ObjectVersion[] {
  const index = versions.findIndex((version) => version.versionId === versionId);
  return index === -1 ? [] : versions.slice(index + 1);
}

function describe(
  { key, version, isLatest }: Extract<ListedEntry, { kind: 'version' }>,
  encode: (text: string) => string,
): { [name: string]: XmlValue } {
  const identity = {
    Key: encode(key),
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: version.lastModified,
  };
  if (version.deleteMarker) return { ...identity, Owner: OWNER };
  return {
    ...identity,
    ETag: `"${version.etag}"`,
    ChecksumAlgorithm: version.checksum?.algorithm,
    ChecksumType: version.checksum?.type,
    Size: version.sizeBytes,
    StorageClass: version.storageClass,
    Owner: OWNER,
  };
}
