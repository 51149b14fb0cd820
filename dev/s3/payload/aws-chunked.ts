/**
 * Takes the framing off an `aws-chunked` body: `size[;chunk-signature=…]\r\n data \r\n … 0\r\n trailers \r\n`.
 * Storing the framing as if it were data is the classic silent corruption of S3 imitations.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
import { s3Error } from '../errors';

export interface ChunkObserver {
  /** Every piece of data, before it is handed on. */
  data(piece: Buffer): void;
  /** The end of a chunk, with its signature where it has one. The last chunk is empty. */
  chunkEnd(signature: string | undefined): void;
  /** The trailer headers after the last chunk, by lower-case name. */
  trailers(trailers: Map<string, string>): void;
}

const MAX_LINE_BYTES = 8192;
const MIN_CHUNK_BYTES = 8192;
const MAX_TRAILERS = 20;
const MAX_CHUNK_BYTES = 5 * 1024 ** 3;

export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  observer: ChunkObserver,
): AsyncGenerator<Buffer, void> {
  const input = new FramedInput(source);
  for (let previousBytes = MIN_CHUNK_BYTES; ;) {
    const { sizeBytes, signature } = parseChunkHeader(await input.line());
    if (sizeBytes > 0 && previousBytes < MIN_CHUNK_BYTES) throw s3Error('InvalidChunkSizeError');
    previousBytes = sizeBytes;
    for (let left = sizeBytes; left > 0;) {
      const piece = await input.bytes(left);
      left -= piece.length;
      observer.data(piece);
      yield piece;
    }
    observer.chunkEnd(signature);
    if (sizeBytes === 0) break;
    if ((await input.line()) !== '') throw s3Error('IncompleteBody', 'A chunk is longer than its header says.');
  }
  observer.trailers(await readTrailers(input));
}

function parseChunkHeader(line: string): { sizeBytes: number; signature?: string } {
  const match = /^([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
  if (match === null) throw s3Error('InvalidRequest', `"${line.slice(0, 100)}" is no chunk header.`);
  const sizeBytes = parseInt(match[1], 16);
  if (sizeBytes > MAX_CHUNK_BYTES) throw s3Error('EntityTooLarge');
  return { sizeBytes, signature: match[2] };
}

async function readTrailers(input: FramedInput): Promise<Map<string, string>> {
  const trailers = new Map<string, string>();
  for (;;) {
    const line = await input.lineOrEnd();
    if (line === undefined || line === '') return trailers;
    const colon = line.indexOf(':');
    if (colon < 1 || trailers.size === MAX_TRAILERS) throw s3Error('MalformedTrailerError');
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
}

/** Lines and runs of bytes out of a stream, without copying the bytes. */
class FramedInput {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const line = await this.lineOrEnd();
    if (line === undefined) throw s3Error('IncompleteBody', 'The body ends before its last chunk.');
    return line;
  }

  /** Nothing when the stream ends before the line begins. */
  async lineOrEnd(): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf('\n');
      if (end !== -1) {
        const line = this.#rest.toString('latin1', 0, end).replace(/\r$/, '');
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
      if (this.#rest.length > MAX_LINE_BYTES) throw s3Error('InvalidRequest', 'A chunk header is too long.');
      const next = await this.next();
      if (next === undefined) {
        if (this.#rest.length === 0) return undefined;
        throw s3Error('IncompleteBody', 'The body ends inside a line of its framing.');
      }
      this.#rest = this.#rest.length === 0 ? next : Buffer.concat([this.#rest, next]);
    }
  }

  /** At least one byte, `limit` at most. */
  async bytes(limit: number): Promise<Buffer> {
    if (this.#rest.length === 0) {
      const next = await this.next();
      if (next === undefined) throw s3Error('IncompleteBody', 'The body ends inside a chunk.');
      this.#rest = next;
    }
    const piece = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  private async next(): Promise<Buffer | undefined> {
    for (;;) {
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      if (next.value.length > 0) return next.value;
    }
  }
}
