/** Writes custom-format archives as the documentation of PostgreSQL's source has them, for formats whose pg_dump is not at hand. */

export interface WrittenEntry {
  readonly dumpId: number;
  readonly kind: string;
  readonly schema?: string;
  readonly name: string;
  readonly owner?: string;
  readonly section: 1 | 2 | 3 | 4;
  readonly dependencies?: readonly number[];
  /** Chunks of the data block; absent: there is none. */
  readonly data?: readonly string[];
}

export interface WrittenArchive {
  readonly minor: number;
  readonly entries: readonly WrittenEntry[];
  readonly integerBytes?: number;
  readonly major?: number;
  readonly format?: number;
  readonly compression?: number;
}

export function writeHead(archive: WrittenArchive): Buffer {
  const { minor, entries, integerBytes = 4, major = 1, format = 1, compression = 0 } = archive;
  const { integer, text } = writers(integerBytes);
  return Buffer.concat([
    Buffer.from('PGDMP'),
    Buffer.from([major, minor, 0, integerBytes, 8, format]),
    minor >= 15 ? Buffer.from([compression]) : integer(compression),
    ...[1, 2, 3, 4, 10, 126, 0].map(integer),
    ...['orders', `${minor + 1}.4`, `${minor + 1}.4`].map(text),
    integer(entries.length),
    ...entries.map((entry) =>
      Buffer.concat([
        integer(entry.dumpId),
        integer(entry.data ? 1 : 0),
        text('1259'),
        text('16384'),
        text(entry.name),
        text(entry.kind),
        integer(entry.section),
        text(`CREATE ${entry.name}`),
        text(null),
        text(entry.data ? 'COPY' : null),
        text(entry.schema ?? null),
        text(''),
        text('heap'),
        ...(minor >= 16 ? [integer('r'.charCodeAt(0))] : []),
        text(entry.owner ?? 'postgres'),
        text('false'),
        ...(entry.dependencies ?? []).map((id) => text(String(id))),
        text(null),
        Buffer.from([3]),
        Buffer.alloc(8),
      ]),
    ),
  ]);
}

export function writeArchive(archive: WrittenArchive): Buffer {
  const { integer } = writers(archive.integerBytes ?? 4);
  const blocks = archive.entries.flatMap(({ dumpId, data }) =>
    data
      ? [
          Buffer.from([1]),
          integer(dumpId),
          ...data.flatMap((chunk) => [integer(Buffer.byteLength(chunk)), Buffer.from(chunk)]),
          integer(0),
        ]
      : [],
  );
  return Buffer.concat([writeHead(archive), ...blocks]);
}

function writers(integerBytes: number): {
  integer: (value: number) => Buffer;
  text: (value: string | null) => Buffer;
} {
  const integer = (value: number): Buffer => {
    const bytes = Buffer.alloc(1 + integerBytes);
    bytes[0] = value < 0 ? 1 : 0;
    bytes.writeUInt32LE(Math.abs(value), 1);
    return bytes;
  };
  return {
    integer,
    text: (value) =>
      value === null ? integer(-1) : Buffer.concat([integer(Buffer.byteLength(value)), Buffer.from(value)]),
  };
}
