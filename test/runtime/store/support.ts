import { Readable } from 'node:stream';
import type { StoredObject } from '../../../model';
import type { ObjectStore } from '../../../runtime/store/store';
import { StreamUpload, type StreamUploadOptions } from '../../../runtime/store/stream-upload';
import { VerifiedStream, type ProducerExit } from '../../../runtime/store/verified-stream';

export const MIB = 2 ** 20;

export const finished: ProducerExit = { name: 'producer', code: 0, signal: null };

/** `bytes` in pieces, as a pipe gives them. */
export function streamOf(bytes: Buffer, pieceBytes = 65_536): Readable {
  const pieces = function* () {
    for (let start = 0; start < bytes.length; start += pieceBytes) yield bytes.subarray(start, start + pieceBytes);
  };
  return Readable.from(pieces(), { objectMode: false });
}

/** Uploads `bytes` in the right order. */
export async function upload(
  store: ObjectStore,
  key: string,
  bytes: Buffer,
  options: StreamUploadOptions = {},
): Promise<StoredObject> {
  const uploading = StreamUpload.begin(store, key, options);
  return uploading.complete(VerifiedStream.of(await uploading.receive(streamOf(bytes)), [finished]));
}

export async function read(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
