/** What stands before each file of a tar archive, in the pax format as GNU tar writes it. What it never writes is refused. */
import { BackupError } from '../../../errors';
import { paddedSeconds, pathProblem, type EntryType } from '../entry';

export const BLOCK_BYTES = 512;

export interface TarHead {
  /** Below the directory that was archived, without `./` and without a slash at the end. */
  readonly path: string;
  /** `other`: a pipe or a device. */
  readonly type: EntryType | 'other';
  /** Of the content, with its holes. */
  readonly sizeBytes: number;
  /** Of what follows in the archive, without the padding. */
  readonly storedBytes: number;
  /** What follows begins with a map of where the content lies between holes. */
  readonly isSparse: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: string;
  readonly linkTarget?: string;
}

/** Records of an extended header: names and values, a character for each byte. */
export type PaxRecords = ReadonlyMap<string, string>;

/** The type of a header block: `x` is an extended header, which is about the next. */
export function typeFlagOf(block: Buffer): string {
  return String.fromCharCode(block[156]);
}

export function readPaxRecords(data: Buffer): PaxRecords {
  const records = new Map<string, string>();
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at);
    const lengthBytes = space === -1 ? NaN : Number(data.toString('latin1', at, space));
    const end = at + lengthBytes;
    const equals = data.indexOf(0x3d, space);
    const isWhole = Number.isSafeInteger(lengthBytes) && end <= data.length && equals > space && equals < end;
    if (!isWhole || data[end - 1] !== 0x0a) throw damaged('an extended header is not made of records');
    records.set(data.toString('latin1', space + 1, equals), data.toString('latin1', equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** How many bytes of records an extended header is followed by. */
export function readStoredBytes(block: Buffer): number {
  requireChecksum(block);
  return wholeNumber(octal(block, 124, 12), 'an extended header');
}

export function readTarHead(block: Buffer, pax: PaxRecords): TarHead {
  requireChecksum(block);
  const name = pax.get('GNU.sparse.name') ?? pax.get('path') ?? ustarName(block);
  const isSparse = pax.has('GNU.sparse.realsize');
  if (isSparse && `${pax.get('GNU.sparse.major')}.${pax.get('GNU.sparse.minor')}` !== '1.0') {
    throw damaged(`the holes of ${JSON.stringify(name)} are told in a way that is not known`);
  }
  const type = TYPES[typeFlagOf(block)];
  if (type === undefined) throw damaged(`${JSON.stringify(name)} is of the type ${JSON.stringify(typeFlagOf(block))}`);
  const storedBytes = wholeNumber(pax.get('size') ?? octal(block, 124, 12), name);
  const linkTarget = pax.get('linkpath') ?? text(block, 157, 100);
  return {
    path: pathBelow(name),
    type,
    storedBytes: type === 'file' ? storedBytes : requireNothing(storedBytes, name),
    sizeBytes: isSparse ? wholeNumber(pax.get('GNU.sparse.realsize') ?? '', name) : type === 'file' ? storedBytes : 0,
    isSparse,
    mode: wholeNumber(octal(block, 100, 8), name) & 0o7777,
    uid: wholeNumber(pax.get('uid') ?? octal(block, 108, 8), name),
    gid: wholeNumber(pax.get('gid') ?? octal(block, 116, 8), name),
    mtime: paddedSeconds(pax.get('mtime') ?? octal(block, 136, 12)),
    ...(type === 'symbolic link' && { linkTarget }),
    ...(type === 'hard link' && { linkTarget: pathBelow(linkTarget) }),
  };
}

const TYPES: Readonly<Record<string, TarHead['type']>> = {
  '0': 'file',
  '\0': 'file',
  '1': 'hard link',
  '2': 'symbolic link',
  '3': 'other',
  '4': 'other',
  '5': 'directory',
  '6': 'other',
};

/** `./a/b` is `a/b`. Whatever would lead elsewhere was not written by us. */
function pathBelow(name: string): string {
  const path = name === '.' || name === './' ? '' : name.replace(/^\.\//, '').replace(/\/$/, '');
  const problem = name === '.' || name.startsWith('./') ? pathProblem(path) : 'it does not begin with "./"';
  if (problem !== undefined) throw damaged(`the archive names ${JSON.stringify(name)}: ${problem}`);
  return path;
}

function ustarName(block: Buffer): string {
  const prefix = text(block, 345, 155);
  const name = text(block, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function requireNothing(storedBytes: number, name: string): number {
  if (storedBytes !== 0) throw damaged(`${JSON.stringify(name)} is no file and has ${storedBytes} bytes`);
  return 0;
}

function requireChecksum(block: Buffer): void {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK_BYTES; at += 1) if (at < 148 || at >= 156) sum += block[at];
  if (sum !== Number(octal(block, 148, 8))) throw damaged('the checksum of a header is wrong');
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end === -1 ? length : end);
}

/** As a decimal number in a text, as the records have it. */
function octal(block: Buffer, start: number, length: number): string {
  const digits = text(block, start, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw damaged(`a number in a header is ${JSON.stringify(digits)}`);
  return String(digits === '' ? 0 : parseInt(digits, 8));
}

function wholeNumber(digits: string, name: string): number {
  const value = /^\d{1,16}$/.test(digits) ? Number(digits) : NaN;
  if (!Number.isSafeInteger(value)) throw damaged(`a number of ${JSON.stringify(name)} is ${JSON.stringify(digits)}`);
  return value;
}

export function damaged(detail: string): BackupError {
  return new BackupError('archive-damaged', 'an archive of files is not as it was written', { detail });
}
