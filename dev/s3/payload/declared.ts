/** What a request's headers promise about its body, to be held against what arrives. */
import {
  checksumHeader,
  CHECKSUM_ALGORITHMS,
  isChecksumValue,
  parseAlgorithm,
  type ChecksumAlgorithm,
} from '../checksums/checksum';
import { s3Error } from '../errors';
import type { IncomingRequest } from '../incoming-request';

/** In place of a value that comes behind the body. */
export const IN_TRAILER = Symbol('in the trailer');

export interface DeclaredPayload {
  /** Of the data, without framing. Nothing when the request has no body length. */
  sizeBytes?: number;
  /** Base64. */
  contentMd5?: string;
  checksum?: { algorithm: ChecksumAlgorithm; value: string | typeof IN_TRAILER };
  /** How the body travels. */
  framing: 'plain' | 'chunked' | 'chunked and signed';
  hasTrailer: boolean;
  /** Hex SHA-256, when the signature covers the body's digest. */
  sha256?: string;
}

const HEX_SHA256 = /^[0-9a-f]{64}$/;

export function declaredPayload(request: IncomingRequest, payloadHash: string): DeclaredPayload {
  const streaming = payloadHash.startsWith('STREAMING-');
  const sha256 = streaming || payloadHash === 'UNSIGNED-PAYLOAD' ? undefined : payloadHash;
  if (sha256 !== undefined && !HEX_SHA256.test(sha256)) {
    const message = 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-…, or a valid sha256 value.';
    throw s3Error('InvalidArgument', message, { ArgumentName: 'x-amz-content-sha256', ArgumentValue: sha256 });
  }
  return {
    ...framing(payloadHash),
    sizeBytes: sizeBytes(request, streaming),
    contentMd5: contentMd5(request),
    checksum: checksum(request),
    sha256,
  };
}

function framing(payloadHash: string): Pick<DeclaredPayload, 'framing' | 'hasTrailer'> {
  switch (payloadHash) {
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { framing: 'chunked', hasTrailer: true };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { framing: 'chunked and signed', hasTrailer: false };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { framing: 'chunked and signed', hasTrailer: true };
  }
  if (payloadHash.startsWith('STREAMING-')) throw s3Error('NotImplemented', `${payloadHash} is not supported.`);
  return { framing: 'plain', hasTrailer: false };
}

function sizeBytes(request: IncomingRequest, streaming: boolean): number | undefined {
  const name = streaming ? 'x-amz-decoded-content-length' : 'content-length';
  const text = request.header(name);
  if (text === undefined) {
    if (streaming) throw s3Error('MissingContentLength', `You must provide the ${name} HTTP header.`);
    return undefined;
  }
  if (!/^\d{1,15}$/.test(text))
    throw s3Error('InvalidArgument', undefined, { ArgumentName: name, ArgumentValue: text });
  return Number(text);
}

function contentMd5(request: IncomingRequest): string | undefined {
  const value = request.header('content-md5');
  if (value !== undefined && Buffer.from(value, 'base64').length !== 16) {
    throw s3Error('InvalidDigest', 'The Content-MD5 you specified was invalid.', { 'Content-MD5': value });
  }
  return value;
}

function checksum(request: IncomingRequest): DeclaredPayload['checksum'] {
  const given = CHECKSUM_ALGORITHMS.filter((algorithm) => request.header(checksumHeader(algorithm)) !== undefined);
  const trailer = parseTrailerName(request);
  if (given.length + (trailer === undefined ? 0 : 1) > 1) {
    throw s3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  const algorithm = trailer ?? given.at(0);
  assertHint(request, algorithm);
  if (algorithm === undefined) return undefined;
  if (trailer !== undefined) return { algorithm, value: IN_TRAILER };
  const value = request.header(checksumHeader(algorithm)) ?? '';
  assertChecksumValue(algorithm, value);
  return { algorithm, value };
}

export function assertChecksumValue(algorithm: ChecksumAlgorithm, value: string): void {
  if (isChecksumValue(algorithm, value)) return;
  throw s3Error('InvalidRequest', `Value for ${checksumHeader(algorithm)} header is invalid.`);
}

function parseTrailerName(request: IncomingRequest): ChecksumAlgorithm | undefined {
  const name = request.header('x-amz-trailer')?.trim().toLowerCase();
  if (name === undefined) return undefined;
  const algorithm = CHECKSUM_ALGORITHMS.find((one) => checksumHeader(one) === name);
  if (algorithm === undefined)
    throw s3Error('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported');
  return algorithm;
}

function assertHint(request: IncomingRequest, algorithm: ChecksumAlgorithm | undefined): void {
  const hint = request.header('x-amz-sdk-checksum-algorithm');
  if (hint === undefined) return;
  if (algorithm === undefined) {
    const message =
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.';
    throw s3Error('InvalidRequest', message);
  }
  if (parseAlgorithm(hint) !== algorithm) {
    throw s3Error('InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm header is invalid.');
  }
}
