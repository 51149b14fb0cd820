/** The bytes of objects and parts: one file each, named at random, never by the key. A file that no record names is swept at the next start. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Segment } from './records';

const WRITE_BYTES = 1024 * 1024;
const READ_BYTES = 256 * 1024;

export class Bodies {
  readonly #readers = new Map<string, number>();
  readonly #doomed = new Set<string>();

  constructor(
    private readonly directory: string,
    private readonly durability: { durable: boolean },
  ) {}

  path(file: string): string {
    return join(this.directory, file.slice(0, 2), file);
  }

  /** Begins a new file. */
  async create(): Promise<BodyWriter> {
    const file = randomBytes(16).toString('hex');
    const path = this.path(file);
    await mkdir(dirname(path), { recursive: true });
    return new BodyWriter(file, await open(path, 'wx'), this.durability.durable, () => rm(path, { force: true }));
  }

  /**
   * The bytes from `start` up to but without `end`, over all segments. A file shorter than its record says ends the stream early.
   * From this call on the files stay, also when the object is removed meanwhile; so the answer has to be iterated.
   */
  read(segments: readonly Segment[], start: number, end: number): AsyncGenerator<Buffer, void> {
    for (const { file } of segments) this.#readers.set(file, (this.#readers.get(file) ?? 0) + 1);
    return this.readHeld(segments, start, end);
  }

  /** Removes files, those being read as soon as the reading ends. */
  async remove(files: Iterable<string>): Promise<void> {
    for (const file of files) {
      if (this.#readers.has(file)) this.#doomed.add(file);
      else await rm(this.path(file), { force: true });
    }
  }

  /** Removes every file that `used` does not hold: leftovers of a crash. */
  async sweep(used: ReadonlySet<string>): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    for (const folder of await readdir(this.directory)) {
      for (const file of await readdir(join(this.directory, folder))) {
        if (!used.has(file)) await rm(this.path(file), { force: true });
      }
    }
  }

  private async *readHeld(segments: readonly Segment[], start: number, end: number): AsyncGenerator<Buffer, void> {
    try {
      let offset = 0;
      for (const segment of segments) {
        const from = Math.max(start - offset, 0);
        const to = Math.min(end - offset, segment.sizeBytes);
        offset += segment.sizeBytes;
        if (from < to) yield* this.readFile(segment.file, from, to);
      }
    } finally {
      for (const { file } of segments) await this.release(file);
    }
  }

  private async *readFile(file: string, from: number, to: number): AsyncGenerator<Buffer, void> {
    const handle = await open(this.path(file), 'r');
    try {
      for (let at = from; at < to;) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, to - at));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  }

  private async release(file: string): Promise<void> {
    const others = (this.#readers.get(file) ?? 1) - 1;
    if (others > 0) this.#readers.set(file, others);
    else {
      this.#readers.delete(file);
      if (this.#doomed.delete(file)) await rm(this.path(file), { force: true });
    }
  }
}

/** Collects small chunks into large writes, holding two megabytes at most: one being written, one being filled. */
export class BodyWriter {
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #sizeBytes = 0;

  constructor(
    readonly file: string,
    private readonly handle: FileHandle,
    private readonly durable: boolean,
    private readonly unlink: () => Promise<void>,
  ) {}

  /** Answers a promise only when the caller has to wait. The chunk must not be changed afterwards. */
  write(chunk: Buffer): Promise<void> | undefined {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    this.#sizeBytes += chunk.length;
    return this.#waitingBytes >= WRITE_BYTES ? this.flush() : undefined;
  }

  /** Everything is in the file when this answers. */
  async finish(): Promise<{ file: string; sizeBytes: number }> {
    await this.flush();
    await this.#writing;
    if (this.durable) await this.handle.sync();
    await this.handle.close();
    return { file: this.file, sizeBytes: this.#sizeBytes };
  }

  /** Gives the file up. */
  async discard(): Promise<void> {
    await this.#writing.catch(ignoreAsTheFileIsGivenUp);
    await this.handle.close();
    await this.unlink();
  }

  private async flush(): Promise<void> {
    const chunks = this.#waiting;
    const expectedBytes = this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    await this.#writing;
    if (expectedBytes === 0) return;
    this.#writing = this.writeAll(chunks, expectedBytes);
    this.#writing.catch(ignoreAsTheNextFlushThrowsIt);
  }

  private async writeAll(chunks: Buffer[], expectedBytes: number): Promise<void> {
    const { bytesWritten } = await this.handle.writev(chunks);
    if (bytesWritten === expectedBytes) return;
    // A short write (a full disk, mostly): the second try says why.
    const rest = Buffer.concat(chunks).subarray(bytesWritten);
    await this.handle.writeFile(rest);
  }
}

function ignoreAsTheFileIsGivenUp(): void {
  return;
}

function ignoreAsTheNextFlushThrowsIt(): void {
  return;
}
