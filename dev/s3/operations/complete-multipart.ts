/** CompleteMultipartUpload. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
import { createHash } from 'node:crypto';
import { xmlAnswer, type Answer } from '../answer';
import {
  checksumElement,
  checksumHeader,
  CHECKSUM_ALGORITHMS,
  multipartChecksum,
  type StoredChecksum,
} from '../checksums/checksum';
import { s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { ObjectVersion, PartRecord } from '../storage/records';
import type { Upload } from '../storage/uploads';
import { childrenOf, textOf, type XmlElement } from '../xml/parse';
import { encryptionHeaders } from './attributes';
import { findUpload, MAX_PARTS, partAlgorithm } from './multipart';
import { commitVersion, versionHeader } from './versions';

const MIN_PART_BYTES = 5 * 1024 * 1024;
const MAX_OBJECT_BYTES = 53_687_091_200_000; // 10,000 parts of 5 GiB

export async function completeMultipartUpload(exchange: Exchange): Promise<Answer> {
  const { bucket, key } = exchange;
  const upload = findUpload(exchange);
  const document = await exchange.receiveXml('CompleteMultipartUpload', 'object');
  if (exchange.header('if-match') !== undefined) await exchange.require('s3:GetObject');
  const version = await bucket.uploadLocks.run(upload.record.uploadId, async () => {
    findUpload(exchange); // another request may have ended it
    const parts = chooseParts(upload, childrenOf(document, 'Part'));
    return join(exchange, upload, parts);
  });
  exchange.emit('ObjectCreated:CompleteMultipartUpload', version);
  const { checksum } = version;
  return xmlAnswer(
    'CompleteMultipartUploadResult',
    {
      Location: `http://${exchange.header('host') ?? ''}/${bucket.record.name}/${encodeURIComponent(key)}`,
      Bucket: bucket.record.name,
      Key: key,
      ETag: `"${version.etag}"`,
      ...(checksum === undefined
        ? {}
        : { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type }),
    },
    { ...encryptionHeaders(version.encryption), ...versionHeader(bucket, version) },
  );
}

/** The parts named in the request, each as it was sent. */
function chooseParts(upload: Upload, elements: XmlElement[]): PartRecord[] {
  if (elements.length === 0 || elements.length > MAX_PARTS) throw s3Error('MalformedXML');
  const parts = elements.map((element) => choosePart(upload, element));
  parts.forEach((part, index) => {
    const isLast = index === parts.length - 1;
    if (!isLast && parts[index + 1].partNumber <= part.partNumber) throw s3Error('InvalidPartOrder');
    if (!isLast && part.sizeBytes < MIN_PART_BYTES) {
      throw s3Error('EntityTooSmall', undefined, {
        ProposedSize: String(part.sizeBytes),
        MinSizeAllowed: String(MIN_PART_BYTES),
        PartNumber: String(part.partNumber),
        ETag: part.etag,
      });
    }
  });
  return parts;
}

function choosePart(upload: Upload, element: XmlElement): PartRecord {
  const partNumber = Number(textOf(element, 'PartNumber'));
  const etag = textOf(element, 'ETag')?.trim().replace(/^"|"$/g, '');
  const part = upload.parts.get(partNumber);
  if (part === undefined || part.etag !== etag) throw invalidPart(upload, partNumber, etag);
  const { algorithm, checksumType } = upload.record;
  for (const one of CHECKSUM_ALGORITHMS) {
    const given = textOf(element, checksumElement(one));
    if (given !== undefined && (one !== part.algorithm || given !== part.checksum))
      throw invalidPart(upload, partNumber, etag);
    if (given === undefined && one === algorithm && checksumType === 'COMPOSITE') {
      const message = `The upload was created using a ${one.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${partNumber} in the request.`;
      throw s3Error('InvalidRequest', message);
    }
  }
  return part;
}

/** Makes the object out of the files of its parts, if it is what the caller says it is. */
async function join(exchange: Exchange, upload: Upload, parts: PartRecord[]): Promise<ObjectVersion> {
  const { bucket } = exchange;
  const { attributes, uploadId } = upload.record;
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  assertWholeSize(exchange, sizeBytes);
  const checksum = wholeChecksum(upload, parts);
  assertWholeChecksum(exchange, checksum);
  const version = await commitVersion(exchange, {
    ...attributes,
    etag: wholeEtag(parts),
    sizeBytes,
    checksum,
    segments: parts.map(({ file, sizeBytes, partNumber, checksum }) => ({ file, sizeBytes, partNumber, checksum })),
  });
  await bucket.uploads.remove(uploadId);
  const used = new Set(parts.map(({ file }) => file));
  await bucket.bodies.remove([...upload.parts.values()].map(({ file }) => file).filter((file) => !used.has(file)));
  return version;
}

function wholeEtag(parts: PartRecord[]): string {
  const md5 = createHash('md5');
  for (const { etag } of parts) md5.update(Buffer.from(etag, 'hex'));
  return `${md5.digest('hex')}-${parts.length}`;
}

/** Without an algorithm of the client's, S3 keeps CRC-64/NVME of the whole; parts sent with other checksums leave it nothing to combine. */
function wholeChecksum(upload: Upload, parts: PartRecord[]): StoredChecksum | undefined {
  const algorithm = partAlgorithm(upload);
  if (parts.some((part) => part.algorithm !== algorithm)) return undefined;
  return multipartChecksum(algorithm, upload.record.checksumType ?? 'FULL_OBJECT', parts);
}

function assertWholeSize(exchange: Exchange, sizeBytes: number): void {
  const expected = exchange.header('x-amz-mp-object-size');
  if (expected !== undefined && Number(expected) !== sizeBytes) {
    const message = `The provided 'x-amz-mp-object-size' header value ${expected} does not match what was computed: ${sizeBytes}`;
    throw s3Error('InvalidRequest', message);
  }
  if (sizeBytes > MAX_OBJECT_BYTES) throw s3Error('EntityTooLarge');
}

function assertWholeChecksum(exchange: Exchange, found: StoredChecksum | undefined): void {
  const type = exchange.header('x-amz-checksum-type')?.toUpperCase();
  if (type !== undefined && type !== found?.type) {
    const message = `The upload was created using the ${found?.type} checksum mode. The complete request must use the same checksum mode.`;
    throw s3Error('InvalidRequest', message);
  }
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const given = exchange.header(checksumHeader(algorithm));
    if (given === undefined) continue;
    if (algorithm !== found?.algorithm || withoutCount(given) !== withoutCount(found.value)) {
      throw s3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
    }
  }
}

/** A composite checksum may be given with or without the number of parts. */
function withoutCount(value: string): string {
  return value.replace(/-\d+$/, '');
}

function invalidPart({ record }: Upload, partNumber: number, etag: string | undefined): Error {
  return s3Error('InvalidPart', undefined, {
    UploadId: record.uploadId,
    PartNumber: String(partNumber),
    ETag: etag,
  });
}
