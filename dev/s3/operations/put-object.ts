/** PutObject. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
import { emptyAnswer, type Answer } from '../answer';
import { s3Error } from '../errors';
import type { Exchange } from '../exchange';
import { checksumHeaders, encryptionHeaders, readAttributes } from './attributes';
import { assertWriteConditions } from './conditions';
import { assertHasDigest } from './object-lock';
import { commitVersion, versionHeader } from './versions';
import { writeRequestBody } from './write-body';

export async function putObject(exchange: Exchange): Promise<Answer> {
  const { bucket, key } = exchange;
  assertLength(exchange);
  const attributes = await readAttributes(exchange);
  if (attributes.retention !== undefined || attributes.legalHold === true) {
    assertHasDigest(exchange, 'Put Object requests with Object Lock parameters');
  }
  if (exchange.header('if-match') !== undefined) await exchange.require('s3:GetObject');
  assertWriteConditions(exchange, bucket.versions(key).at(0)); // spares a body that will be refused; decided when committing
  const body = await writeRequestBody(exchange);
  const { file, sizeBytes, md5, checksum } = body;
  const written = {
    ...attributes,
    etag: md5,
    sizeBytes,
    checksum: { ...checksum, type: 'FULL_OBJECT' as const },
    segments: [{ file, sizeBytes }],
  };
  const version = await commitOrRemove(exchange, written, file);
  exchange.emit('ObjectCreated:Put', version);
  return emptyAnswer(200, {
    etag: `"${version.etag}"`,
    ...checksumHeaders(version),
    ...encryptionHeaders(version.encryption),
    ...versionHeader(bucket, version),
  });
}

/** Commits, and frees the file when the conditions no longer hold. */
export async function commitOrRemove(
  exchange: Exchange,
  written: Parameters<typeof commitVersion>[1],
  file: string,
): ReturnType<typeof commitVersion> {
  try {
    return await commitVersion(exchange, written);
  } catch (error) {
    await exchange.bucket.bodies.remove([file]);
    throw error;
  }
}

function assertLength(exchange: Exchange): void {
  const known = exchange.header('content-length') ?? exchange.header('x-amz-decoded-content-length');
  if (known === undefined) throw s3Error('MissingContentLength');
}
