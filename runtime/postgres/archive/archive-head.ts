import { BackupError } from '../../errors';

/**
 * The beginning of a `pg_dump --format=custom` archive: its header and its table of contents. Only what a proof needs is
 * kept. The format is PostgreSQL's own (src/bin/pg_dump/pg_backup_archiver.c, `ReadHead` and `ReadToc`): version 1.14 is
 * written by PostgreSQL 12 to 15, 1.15 by 16, 1.16 by 17 and 18.
 */
export interface ArchiveHead {
  readonly version: string;
  readonly integerBytes: number;
  readonly entries: readonly ArchiveEntry[];
  /** Where the data blocks begin. */
  readonly sizeBytes: number;
}

/** One line of `pg_restore --list`, with its names whole. */
export interface ArchiveEntry {
  readonly dumpId: number;
  /** Whether a data block of this id must follow. */
  readonly hasData: boolean;
  /** `TABLE`, `TABLE DATA`, `FK CONSTRAINT`, … */
  readonly kind: string;
  readonly section: Section;
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  /** The SQL that makes it. */
  readonly definition: string;
  readonly dependencies: readonly number[];
}

export type Section = 'none' | 'pre-data' | 'data' | 'post-data';

const MAGIC = 'PGDMP';
const FORMAT_CUSTOM = 1;
const COMPRESSION_NONE = 0;
const MINIMUM_VERSION = 14;
const MAXIMUM_VERSION = 16;
/** A table of contents of 10^6 objects is some 300 MB; a damaged length must not have everything that follows kept in memory. */
const MAXIMUM_HEAD_BYTES = 1024 * 1024 * 1024;
/** pg_backup_archiver.h, `SECTION_NONE` = 1 … `SECTION_POST_DATA` = 4. */
const SECTIONS: Readonly<Record<number, Section>> = { 1: 'none', 2: 'pre-data', 3: 'data', 4: 'post-data' };

/** Reads the head, or says that more bytes are needed. Throws `archive-damaged` for what is no such archive. */
export function parseArchiveHead(bytes: Buffer): ArchiveHead | 'incomplete' {
  try {
    return readHead(new Cursor(bytes));
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    if (bytes.length > MAXIMUM_HEAD_BYTES) throw damaged('its table of contents has no end');
    return 'incomplete';
  }
}

function readHead(cursor: Cursor): ArchiveHead {
  if (cursor.take(MAGIC.length).toString('latin1') !== MAGIC) throw damaged('it does not begin with PGDMP');
  const [major, minor] = [cursor.byte(), cursor.byte()];
  cursor.byte();
  const version = `${major}.${minor}`;
  if (major !== 1 || minor < MINIMUM_VERSION || minor > MAXIMUM_VERSION) {
    throw new BackupError('archive-damaged', `archive format ${version} is not one this program can read`, {
      hint: `It reads formats 1.${MINIMUM_VERSION} to 1.${MAXIMUM_VERSION}, of PostgreSQL 12 to 18.`,
    });
  }
  cursor.integerBytes = cursor.byte();
  cursor.offsetBytes = cursor.byte();
  for (const width of [cursor.integerBytes, cursor.offsetBytes]) {
    if (width !== 4 && width !== 8) throw damaged(`it has numbers of ${width} bytes`);
  }
  if (cursor.byte() !== FORMAT_CUSTOM) throw damaged('it is not of the custom format');
  const compression = minor >= 15 ? cursor.byte() : cursor.integer();
  if (compression !== COMPRESSION_NONE) throw damaged('it is compressed inside; it must be made with --compress=0');
  for (let field = 0; field < 7; field++) cursor.integer(); // when it was made, as struct tm
  for (let field = 0; field < 3; field++) cursor.string(); // database, server version, pg_dump version
  const count = cursor.integer();
  if (count < 0) throw damaged(`it has ${count} entries`);
  const entries: ArchiveEntry[] = [];
  for (let index = 0; index < count; index++) entries.push(readEntry(cursor, minor));
  return { version, integerBytes: cursor.integerBytes, entries, sizeBytes: cursor.position };
}

function readEntry(cursor: Cursor, minor: number): ArchiveEntry {
  const dumpId = cursor.integer();
  const hasData = cursor.integer() !== 0;
  cursor.string(); // catalogue's table oid
  cursor.string(); // catalogue's oid
  const name = cursor.string() ?? '';
  const kind = cursor.string() ?? '';
  const section = SECTIONS[cursor.integer()];
  if (section === undefined) throw damaged(`entry ${dumpId} is of no known section`);
  const definition = cursor.string() ?? '';
  cursor.string(); // DROP statement
  cursor.string(); // COPY statement
  const schema = cursor.string() ?? '';
  cursor.string(); // tablespace
  cursor.string(); // table access method
  if (minor >= 16) cursor.integer(); // relkind
  const owner = cursor.string() ?? '';
  cursor.string(); // WITH OIDS, always false
  const dependencies: number[] = [];
  for (let id = cursor.string(); id !== null; id = cursor.string()) dependencies.push(Number(id));
  cursor.byte(); // whether the offset is known: never in a stream
  cursor.take(cursor.offsetBytes);
  return { dumpId, hasData, kind, section, schema, name, owner, definition, dependencies };
}

export function damaged(what: string): BackupError {
  return new BackupError('archive-damaged', `the archive is damaged: ${what}`);
}

class EndOfBytes extends Error {}

/** Reads the archive's primitive values; `EndOfBytes` where they stop short. */
class Cursor {
  position = 0;
  integerBytes = 4;
  offsetBytes = 8;

  constructor(private readonly bytes: Buffer) {}

  take(length: number): Buffer {
    const end = this.position + length;
    if (end > this.bytes.length) throw new EndOfBytes();
    const taken = this.bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  byte(): number {
    return this.take(1)[0];
  }

  /** A sign byte, then the magnitude, least byte first. */
  integer(): number {
    const negative = this.byte() !== 0;
    const magnitude = this.take(this.integerBytes).readUIntLE(0, Math.min(this.integerBytes, 6));
    return negative ? -magnitude : magnitude;
  }

  /** A length and as many bytes; a negative length is NULL. */
  string(): string | null {
    const length = this.integer();
    return length < 0 ? null : this.take(length).toString('utf8');
  }
}
