/** Receives a request's body: takes the framing off, hashes while it streams, and refuses it at the end when any promise was not kept. */
import { createHash } from 'node:crypto';
import type { Authenticated } from '../auth/authenticate';
import { checksumHeader, startChecksum, type ChecksumAlgorithm } from '../checksums/checksum';
import { s3Error } from '../errors';
import { decodeAwsChunked, type ChunkObserver } from './aws-chunked';
import { ChunkSignatures } from './chunk-signatures';
import { assertChecksumValue, IN_TRAILER, type DeclaredPayload } from './declared';

export interface ReceivedPayload {
  sizeBytes: number;
  /** Hex. */
  md5: string;
  /** By the algorithm the client chose, or the one asked for. */
  checksum: { algorithm: ChecksumAlgorithm; value: string };
}

/** Takes one piece; a promise means "wait". */
export type Sink = (piece: Buffer) => Promise<void> | undefined;

export interface ReceiveOptions {
  maxBytes: number;
  /** Computed when the client declares none. */
  defaultAlgorithm: ChecksumAlgorithm;
}

export async function receivePayload(
  source: AsyncIterable<Buffer>,
  declared: DeclaredPayload,
  who: Authenticated,
  sink: Sink,
  { maxBytes, defaultAlgorithm }: ReceiveOptions,
): Promise<ReceivedPayload> {
  if ((declared.sizeBytes ?? 0) > maxBytes) throw tooLarge(declared.sizeBytes ?? 0, maxBytes);
  const algorithm = declared.checksum?.algorithm ?? defaultAlgorithm;
  const checksum = startChecksum(algorithm);
  const md5 = createHash('md5');
  const sha256 = declared.sha256 === undefined ? undefined : createHash('sha256');
  const trailers = new Map<string, string>();
  let sizeBytes = 0;
  for await (const piece of unframed(source, declared, who, trailers)) {
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes) throw tooLarge(sizeBytes, maxBytes);
    md5.update(piece);
    sha256?.update(piece);
    checksum.update(piece);
    const full = sink(piece);
    if (full !== undefined) await full;
  }
  const value = checksum.digest().toString('base64');
  assertSize(declared, sizeBytes);
  assertSha256(declared, sha256?.digest('hex'));
  const md5Digest = md5.digest();
  assertMd5(declared, md5Digest.toString('base64'));
  assertChecksum(declared, trailers, value);
  return { sizeBytes, md5: md5Digest.toString('hex'), checksum: { algorithm, value } };
}

function unframed(
  source: AsyncIterable<Buffer>,
  { framing, hasTrailer }: DeclaredPayload,
  who: Authenticated,
  trailers: Map<string, string>,
): AsyncIterable<Buffer> {
  const signatures = framing === 'chunked and signed' ? new ChunkSignatures(who, hasTrailer) : undefined;
  const observer: ChunkObserver = {
    data: (piece) => signatures?.data(piece),
    chunkEnd: (signature) => signatures?.chunkEnd(signature),
    trailers: (found) => {
      signatures?.trailers(found);
      for (const [name, value] of found) trailers.set(name, value);
    },
  };
  return framing === 'plain' ? source : decodeAwsChunked(source, observer);
}

function assertSize({ sizeBytes: expected }: DeclaredPayload, found: number): void {
  if (expected === undefined || expected === found) return;
  throw s3Error('IncompleteBody', undefined, {
    NumberBytesExpected: String(expected),
    NumberBytesProvided: String(found),
  });
}

function assertSha256({ sha256: expected }: DeclaredPayload, found: string | undefined): void {
  if (expected === found) return;
  throw s3Error('XAmzContentSHA256Mismatch', undefined, {
    ClientComputedContentSHA256: expected,
    S3ComputedContentSHA256: found,
  });
}

function assertMd5({ contentMd5: expected }: DeclaredPayload, found: string): void {
  if (expected === undefined || expected === found) return;
  throw s3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.', {
    ExpectedDigest: expected,
    CalculatedDigest: found,
  });
}

function assertChecksum({ checksum }: DeclaredPayload, trailers: Map<string, string>, found: string): void {
  if (checksum === undefined) return;
  const expected = checksum.value === IN_TRAILER ? trailers.get(checksumHeader(checksum.algorithm)) : checksum.value;
  if (expected === undefined) {
    throw s3Error(
      'MalformedTrailerError',
      `The trailer ${checksumHeader(checksum.algorithm)} was announced and did not come.`,
    );
  }
  assertChecksumValue(checksum.algorithm, expected);
  if (expected !== found) {
    throw s3Error('BadDigest', `The ${checksum.algorithm} you specified did not match the calculated checksum.`);
  }
}

function tooLarge(sizeBytes: number, maxBytes: number): Error {
  return s3Error('EntityTooLarge', undefined, {
    ProposedSize: String(sizeBytes),
    MaxSizeAllowed: String(maxBytes),
  });
}
