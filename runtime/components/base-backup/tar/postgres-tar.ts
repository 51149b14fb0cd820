/** Reads a tar archive as PostgreSQL writes it (ustar), as its bytes pass by: nothing of it is kept here. */
import { BackupError } from '../../../errors';

const BLOCK_BYTES = 512;

export interface TarFile {
  /** As in the archive, without a slash at its end. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symbolic link';
  readonly sizeBytes: number;
}

/** Told of what passes, in order. */
export interface TarObserver {
  begin(file: TarFile): void;
  content(bytes: Buffer): void;
  end(file: TarFile): void;
}

export class PostgresTar {
  private header: Buffer = Buffer.alloc(0);
  private current: { readonly file: TarFile; left: number; padding: number } | undefined;
  private zeroBlocks = 0;

  constructor(private readonly observer: TarObserver) {}

  /** @throws BackupError `archive-damaged` */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) at += this.current ? this.take(chunk, at) : this.gather(chunk, at);
  }

  /** To be called after the last byte. @throws BackupError `archive-damaged` when it is cut. */
  finish(): void {
    if (this.current) throw damaged(`it ends inside ${JSON.stringify(this.current.file.path)}`);
    if (this.header.length > 0 || this.zeroBlocks < 2) throw damaged('it ends before its end is marked');
  }

  /** Content and padding of the current file; gives how many bytes it used. */
  private take(chunk: Buffer, at: number): number {
    const current = this.current as NonNullable<typeof this.current>;
    if (current.left > 0) {
      const bytes = chunk.subarray(at, at + current.left);
      this.observer.content(bytes);
      current.left -= bytes.length;
      this.endIfWhole();
      return bytes.length;
    }
    const used = Math.min(current.padding, chunk.length - at);
    current.padding -= used;
    this.endIfWhole();
    return used;
  }

  private endIfWhole(): void {
    if (!this.current || this.current.left > 0 || this.current.padding > 0) return;
    const { file } = this.current;
    this.current = undefined;
    this.observer.end(file);
  }

  /** Bytes of the next header block. */
  private gather(chunk: Buffer, at: number): number {
    const bytes = chunk.subarray(at, at + BLOCK_BYTES - this.header.length);
    this.header = this.header.length === 0 ? bytes : Buffer.concat([this.header, bytes]);
    if (this.header.length === BLOCK_BYTES) {
      const block = this.header;
      this.header = Buffer.alloc(0);
      this.readBlock(block);
    }
    return bytes.length;
  }

  private readBlock(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.zeroBlocks += 1;
      return;
    }
    if (this.zeroBlocks > 0) throw damaged('something follows its end');
    const file = readHead(block);
    this.observer.begin(file);
    this.current = { file, left: file.sizeBytes, padding: -file.sizeBytes & (BLOCK_BYTES - 1) };
    this.endIfWhole();
  }
}

const TYPES: Readonly<Record<string, TarFile['type']>> = {
  '0': 'file',
  '\0': 'file',
  '2': 'symbolic link',
  '5': 'directory',
};

function readHead(block: Buffer): TarFile {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK_BYTES; at += 1) if (at < 148 || at >= 156) sum += block[at];
  if (sum !== number(block, 148, 8)) throw damaged('the checksum of a header is wrong');
  const [prefix, name] = [text(block, 345, 155), text(block, 0, 100)];
  const path = (prefix === '' ? name : `${prefix}/${name}`).replace(/\/$/, '');
  const type = TYPES[String.fromCharCode(block[156])];
  if (type === undefined) throw damaged(`${JSON.stringify(path)} is of a type that PostgreSQL never writes`);
  const sizeBytes = number(block, 124, 12);
  if (type !== 'file' && sizeBytes > 0) throw damaged(`${JSON.stringify(path)} is no file and has content`);
  return { path, type, sizeBytes };
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end);
}

/** Octal digits, or in base 256 where the first bit says so: a file of more than 8 GiB. */
function number(block: Buffer, start: number, length: number): number {
  if (block[start] & 0x80) {
    const high = block.subarray(start + 1, start + length - 6).every((byte) => byte === 0);
    if (high) return block.readUIntBE(start + length - 6, 6);
    throw damaged('a number in a header is too large');
  }
  const digits = block
    .toString('latin1', start, start + length)
    .replace(/[\0 ]+$/, '')
    .trim();
  if (!/^[0-7]+$/.test(digits)) throw damaged(`a number in a header is ${JSON.stringify(digits)}`);
  return parseInt(digits, 8);
}

function damaged(detail: string): BackupError {
  return new BackupError('archive-damaged', 'an archive of a base backup is not as PostgreSQL writes it', { detail });
}
