/** GetObjectAttributes. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html */
import { xmlAnswer, type Answer } from '../answer';
import { checksumElement } from '../checksums/checksum';
import { s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { ObjectVersion } from '../storage/records';
import type { XmlValue } from '../xml/write';
import { isMultipart } from './range';
import { findVersion, versionHeader } from './versions';

const KNOWN = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'] as const;
const MAX_PARTS_SHOWN = 1000;

export async function getObjectAttributes(exchange: Exchange): Promise<Answer> {
  const wanted = wantedAttributes(exchange);
  const version = await findVersion(exchange);
  const { checksum } = version;
  const values: Record<(typeof KNOWN)[number], XmlValue> = {
    ETag: version.etag,
    Checksum: checksum && { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type },
    ObjectParts: isMultipart(version) ? objectParts(exchange, version) : undefined,
    StorageClass: version.storageClass,
    ObjectSize: version.sizeBytes,
  };
  const shown = KNOWN.filter((name) => wanted.has(name)).map((name) => [name, values[name]]);
  return xmlAnswer('GetObjectAttributesResponse', Object.fromEntries(shown) as Record<string, XmlValue>, {
    'last-modified': new Date(version.lastModified).toUTCString(),
    ...versionHeader(exchange.bucket, version),
  });
}

function wantedAttributes(exchange: Exchange): Set<string> {
  const names =
    exchange
      .header('x-amz-object-attributes')
      ?.split(',')
      .map((name) => name.trim()) ?? [];
  const unknown = names.find((name) => !KNOWN.some((known) => known === name));
  if (names.length === 0 || unknown !== undefined) {
    throw s3Error('InvalidArgument', 'Invalid attribute name specified.', {
      ArgumentName: 'x-amz-object-attributes',
      ArgumentValue: unknown,
    });
  }
  return new Set(names);
}

/** Parts one by one are shown only where each has a checksum that counts: of composite ones. */
function objectParts(exchange: Exchange, { segments, checksum }: ObjectVersion): XmlValue {
  if (checksum?.type !== 'COMPOSITE') return { PartsCount: segments.length };
  const marker = Number(exchange.header('x-amz-part-number-marker') ?? 0);
  const limit = Math.min(Number(exchange.header('x-amz-max-parts') ?? MAX_PARTS_SHOWN), MAX_PARTS_SHOWN);
  const following = segments.filter(({ partNumber = 0 }) => partNumber > marker);
  const page = following.slice(0, limit);
  return {
    PartsCount: segments.length,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.partNumber ?? 0,
    MaxParts: limit,
    IsTruncated: following.length > page.length,
    Part: page.map((part) => ({
      PartNumber: part.partNumber,
      Size: part.sizeBytes,
      [checksumElement(checksum.algorithm)]: part.checksum,
    })),
  };
}
