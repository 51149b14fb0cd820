/** Streams a body into a file of its own, and gives the file up when anything is wrong with the body. */
import { createHash } from 'node:crypto';
import { startChecksum, type ChecksumAlgorithm } from '../checksums/checksum';
import type { Exchange } from '../exchange';
import type { ReceivedPayload, Sink } from '../payload/receive';
import type { Bucket } from '../storage/bucket';

export interface WrittenBody extends ReceivedPayload {
  file: string;
}

/** The body of the request. */
export function writeRequestBody(exchange: Exchange, defaultAlgorithm?: ChecksumAlgorithm): Promise<WrittenBody> {
  return writeBody(exchange.bucket, (sink) => exchange.receive(sink, { defaultAlgorithm }));
}

/** The bytes of another object. */
export function writeCopy(
  bucket: Bucket,
  source: AsyncIterable<Buffer>,
  algorithm: ChecksumAlgorithm,
): Promise<WrittenBody> {
  return writeBody(bucket, async (sink) => {
    const md5 = createHash('md5');
    const checksum = startChecksum(algorithm);
    let sizeBytes = 0;
    for await (const piece of source) {
      sizeBytes += piece.length;
      md5.update(piece);
      checksum.update(piece);
      await sink(piece);
    }
    const value = checksum.digest().toString('base64');
    return { sizeBytes, md5: md5.digest('hex'), checksum: { algorithm, value } };
  });
}

async function writeBody(bucket: Bucket, fill: (sink: Sink) => Promise<ReceivedPayload>): Promise<WrittenBody> {
  const writer = await bucket.bodies.create();
  try {
    const received = await fill((piece) => writer.write(piece));
    const { file } = await writer.finish();
    return { ...received, file };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}
