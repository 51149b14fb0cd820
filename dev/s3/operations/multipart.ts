/** Multipart uploads: begin, send parts, give up. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
import { emptyAnswer, xmlAnswer, type Answer } from '../answer';
import { checksumHeader, parseAlgorithm, type ChecksumAlgorithm, type ChecksumType } from '../checksums/checksum';
import { s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { PartRecord } from '../storage/records';
import type { Upload } from '../storage/uploads';
import { encryptionHeaders, readAttributes } from './attributes';
import { writeRequestBody, type WrittenBody } from './write-body';

export const MAX_PARTS = 10_000;

export async function createMultipartUpload(exchange: Exchange): Promise<Answer> {
  const { bucket, key } = exchange;
  const attributes = await readAttributes(exchange);
  const kind = uploadChecksum(exchange);
  const upload = await bucket.uploads.create({ key, initiated: exchange.now(), attributes, ...kind });
  const headers = {
    'x-amz-checksum-algorithm': kind.algorithm,
    'x-amz-checksum-type': kind.checksumType,
    ...encryptionHeaders(attributes.encryption),
  };
  const names = { Bucket: bucket.record.name, Key: key, UploadId: upload.uploadId };
  return xmlAnswer('InitiateMultipartUploadResult', names, headers);
}

export async function uploadPart(exchange: Exchange): Promise<Answer> {
  const upload = findUpload(exchange);
  const partNumber = parsePartNumber(exchange);
  assertAlgorithm(exchange, upload);
  const body = await writeRequestBody(exchange, partAlgorithm(upload));
  const part = await keepPart(exchange, upload, partNumber, body);
  return emptyAnswer(200, {
    etag: `"${part.etag}"`,
    [checksumHeader(part.algorithm)]: part.checksum,
    ...encryptionHeaders(upload.record.attributes.encryption),
  });
}

export async function abortMultipartUpload(exchange: Exchange): Promise<Answer> {
  const { bucket } = exchange;
  const upload = findUpload(exchange);
  await bucket.uploadLocks.run(upload.record.uploadId, async () => {
    findUpload(exchange);
    await bucket.uploads.remove(upload.record.uploadId);
    await bucket.bodies.remove([...upload.parts.values()].map(({ file }) => file));
  });
  return emptyAnswer(204);
}

/** Keeps a part that was received, unless the upload ended meanwhile. */
export async function keepPart(
  exchange: Exchange,
  upload: Upload,
  partNumber: number,
  { file, sizeBytes, md5, checksum }: WrittenBody,
): Promise<PartRecord> {
  const { bucket } = exchange;
  const part: PartRecord = {
    partNumber,
    etag: md5,
    sizeBytes,
    lastModified: exchange.now(),
    file,
    algorithm: checksum.algorithm,
    checksum: checksum.value,
  };
  await bucket.uploadLocks.run(upload.record.uploadId, async () => {
    if (bucket.uploads.get(upload.record.uploadId) !== upload) {
      await bucket.bodies.remove([file]);
      throw noSuchUpload(upload.record.uploadId);
    }
    const replaced = await bucket.uploads.putPart(upload, part);
    if (replaced !== undefined) await bucket.bodies.remove([replaced]);
  });
  return part;
}

export function findUpload(exchange: Exchange): Upload {
  const uploadId = exchange.query('uploadId') ?? '';
  const upload = exchange.bucket.uploads.get(uploadId);
  if (upload === undefined || upload.record.key !== exchange.key) throw noSuchUpload(uploadId);
  return upload;
}

export function parsePartNumber(exchange: Exchange): number {
  const text = exchange.query('partNumber') ?? '';
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > MAX_PARTS) {
    const message = `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`;
    throw s3Error('InvalidArgument', message, { ArgumentName: 'partNumber', ArgumentValue: text });
  }
  return number;
}

/** What parts are hashed with when the client sends no checksum of its own. */
export function partAlgorithm({ record }: Upload): ChecksumAlgorithm {
  return record.algorithm ?? 'CRC64NVME';
}

function uploadChecksum(exchange: Exchange): { algorithm?: ChecksumAlgorithm; checksumType?: ChecksumType } {
  const name = exchange.header('x-amz-checksum-algorithm');
  const type = exchange.header('x-amz-checksum-type')?.toUpperCase();
  const algorithm = parseAlgorithm(name);
  if (name !== undefined && algorithm === undefined) {
    throw s3Error(
      'InvalidRequest',
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    );
  }
  if (type !== undefined && type !== 'COMPOSITE' && type !== 'FULL_OBJECT') {
    throw s3Error('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.');
  }
  if (algorithm === undefined) {
    if (type === undefined) return {};
    throw s3Error(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  }
  const checksumType = type ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
  const possible = checksumType === 'COMPOSITE' ? algorithm !== 'CRC64NVME' : algorithm.startsWith('CRC');
  if (!possible) {
    const message = `The ${checksumType} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`;
    throw s3Error('InvalidRequest', message);
  }
  return { algorithm, checksumType };
}

function assertAlgorithm(exchange: Exchange, { record }: Upload): void {
  const { algorithm } = record;
  if (algorithm === undefined) return;
  const names = [exchange.header('x-amz-trailer'), ...exchange.request.headerNames()];
  const other = names.find(
    (name) => /^x-amz-checksum-(crc|sha)/.test(name ?? '') && name !== checksumHeader(algorithm),
  );
  if (other === undefined) return;
  const actual = other.replace('x-amz-checksum-', '');
  const message = `Checksum Type mismatch occurred, expected checksum Type: ${algorithm.toLowerCase()}, actual checksum Type: ${actual}`;
  throw s3Error('InvalidRequest', message);
}

function noSuchUpload(uploadId: string): Error {
  return s3Error('NoSuchUpload', undefined, { UploadId: uploadId });
}
