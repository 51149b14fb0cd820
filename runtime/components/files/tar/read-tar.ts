/** Reads a tar archive as a stream, and gives its own bytes along with what they mean, so that a part of it can be handed on. */
import { contentDigest } from './content-digest';
import {
  BLOCK_BYTES,
  damaged,
  readPaxRecords,
  readStoredBytes,
  readTarHead,
  typeFlagOf,
  type PaxRecords,
  type TarHead,
} from './tar-head';

export type TarEvent =
  /** An entry begins; `raw` are its header blocks. */
  | { readonly kind: 'entry'; readonly head: TarHead; readonly raw: Buffer }
  /** Bytes of it as they are in the archive, with padding. */
  | { readonly kind: 'data'; readonly raw: Buffer }
  /** It is whole; `sha256` of a file's content. */
  | { readonly kind: 'end'; readonly head: TarHead; readonly sha256?: string };

/** Extended attributes are the longest thing in it. */
const MAXIMUM_HEADER_BYTES = 16 * 1024 * 1024;
const NO_RECORDS: PaxRecords = new Map();

/** Throws `archive-damaged` for what ends too early, has a wrong checksum, or is nothing that GNU tar writes for us. */
export async function* readTar(chunks: AsyncIterable<Buffer>): AsyncGenerator<TarEvent> {
  const bytes = new ByteReader(chunks);
  for (;;) {
    const block = await bytes.take(BLOCK_BYTES);
    if (isZero(block)) return requireZeros(bytes);
    const { head, raw } = await readHead(block, bytes);
    yield { kind: 'entry', head, raw };
    const digest = head.type === 'file' ? contentDigest(head) : undefined;
    for (let left = head.storedBytes; left > 0;) {
      const data = await bytes.takeSome(left);
      left -= data.length;
      await digest?.push(data);
      yield { kind: 'data', raw: data };
    }
    const padding = -head.storedBytes & (BLOCK_BYTES - 1);
    if (padding > 0) yield { kind: 'data', raw: await bytes.take(padding) };
    yield { kind: 'end', head, ...(digest && { sha256: await digest.end() }) };
  }
}

async function readHead(first: Buffer, bytes: ByteReader): Promise<{ head: TarHead; raw: Buffer }> {
  if (typeFlagOf(first) !== 'x') return { head: readTarHead(first, NO_RECORDS), raw: first };
  const storedBytes = readStoredBytes(first);
  if (storedBytes > MAXIMUM_HEADER_BYTES) throw damaged(`an extended header has ${storedBytes} bytes`);
  const data = await bytes.take(Math.ceil(storedBytes / BLOCK_BYTES) * BLOCK_BYTES);
  const block = await bytes.take(BLOCK_BYTES);
  const head = readTarHead(block, readPaxRecords(data.subarray(0, storedBytes)));
  return { head, raw: Buffer.concat([first, data, block]) };
}

/** After two blocks of zeros comes nothing but zeros, to the end of the last record. */
async function requireZeros(bytes: ByteReader): Promise<void> {
  if (!isZero(await bytes.take(BLOCK_BYTES))) throw damaged('it ends with one block of zeros in place of two');
  for (let rest = await bytes.next(); rest; rest = await bytes.next()) {
    if (!isZero(rest)) throw damaged('something follows its end');
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

class ByteReader {
  private readonly iterator: AsyncIterator<Buffer, undefined>;
  private held: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.iterator = chunks[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  }

  /** Exactly so many. */
  async take(sizeBytes: number): Promise<Buffer> {
    while (this.held.length < sizeBytes) {
      const more = await this.pull();
      this.held = this.held.length === 0 ? more : Buffer.concat([this.held, more]);
    }
    const taken = this.held.subarray(0, sizeBytes);
    this.held = this.held.subarray(sizeBytes);
    return taken;
  }

  /** At least one, at most so many. */
  async takeSome(sizeBytes: number): Promise<Buffer> {
    if (this.held.length === 0) this.held = await this.pull();
    return this.take(Math.min(sizeBytes, this.held.length));
  }

  /** Whatever there is next; nothing at the end. */
  async next(): Promise<Buffer | undefined> {
    if (this.held.length > 0) return this.take(this.held.length);
    const next = await this.iterator.next();
    return next.done ? undefined : next.value;
  }

  private async pull(): Promise<Buffer> {
    const next = await this.iterator.next();
    if (next.done) throw damaged('it ends too early');
    return next.value;
  }
}
