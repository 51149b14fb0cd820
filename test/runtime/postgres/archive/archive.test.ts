/** The archive reader: takes what pg_dump writes, counts its rows, and takes nothing that was cut, flipped or made up. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { BackupError } from '../../../../runtime/errors';
import { parseArchiveHead } from '../../../../runtime/postgres/archive/archive-head';
import { ArchiveReader, type ArchiveContents } from '../../../../runtime/postgres/archive/archive-reader';
import { childEnvironment } from '../../../../runtime/postgres/child-environment';
import { findTools } from '../../../../runtime/postgres/tools';
import { executeAll, Scratch } from '../scratch-database';
import { Seeded } from '../../../support/seeded';
import { writeArchive, writeHead, type WrittenArchive } from './write-archive';

/** Reads it in pieces. */
function read(archive: Buffer, pieceBytes = archive.length || 1): ArchiveContents {
  const reader = new ArchiveReader();
  for (let start = 0; start < archive.length; start += pieceBytes)
    reader.push(archive.subarray(start, start + pieceBytes));
  return reader.end();
}

function failureOf(work: () => unknown): BackupError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof BackupError) return error;
    throw error;
  }
}

const rows = (contents: ArchiveContents): Record<string, number> =>
  Object.fromEntries(contents.tables.map(({ schema, name, rows: count }) => [`${schema}.${name}`, count]));

describe('archives of the real pg_dump', () => {
  let scratch: Scratch;
  let everything: Buffer;
  let dump: (...args: string[]) => Promise<Buffer>;

  beforeAll(async () => {
    scratch = await Scratch.start();
    const session = await scratch.database('real');
    await executeAll(session, [
      'CREATE TABLE public.empty (id int)',
      'CREATE TABLE public.few (id int, t text)',
      `INSERT INTO public.few VALUES (1, E'line\\nbreak'), (2, E'\\\\.'), (3, E'\\\\N'), (4, NULL), (5, E'\\\\.\\n\\n\\n')`,
      'CREATE TABLE public.none ()',
      'INSERT INTO public.none DEFAULT VALUES',
      'CREATE SCHEMA "odd ""schema"',
      `CREATE TABLE "odd ""schema"."lïne\nbreak" AS SELECT generate_series(1, 2000) AS id, repeat('x', 50) AS t`,
      `SELECT lo_from_bytea(7, decode(repeat('0a5c2e0a00', 40000), 'hex'))`,
      `SELECT lo_from_bytea(8, '')`,
      'CREATE MATERIALIZED VIEW public.m AS SELECT 1 AS one',
    ]);
    const tools = await findTools(scratch.server.major);
    const env = childEnvironment(scratch.connection('real'));
    dump = async (...args) => {
      const ended = spawnSync(tools.pgDump, ['--format=custom', ...args], { env, maxBuffer: 2 ** 26 });
      if (ended.status !== 0) throw new Error(ended.stderr.toString());
      return ended.stdout;
    };
    everything = await dump('--compress=0');
  });

  afterAll(() => scratch.stop());

  it.each([1, 7, 4096, 10_000_000])('rows are counted exactly, read %i bytes at a time', (pieceBytes) => {
    const archive = pieceBytes === 1 ? everything.subarray(0) : everything;
    expect(rows(read(archive, pieceBytes))).toEqual({
      'public.empty': 0,
      'public.few': 5,
      'public.none': 1,
      'odd "schema.lïne\nbreak': 2000,
    });
  });

  it('names, owners, sections and definitions are those of pg_restore --list', async () => {
    const { entries } = read(everything);
    const tools = await findTools(scratch.server.major);
    const listed = spawnSync(tools.pgRestore, ['--list'], { input: everything })
      .stdout.toString()
      .split('\n')
      .filter((line) => /^\d+;/.test(line));
    for (const line of listed) {
      const id = Number(line.slice(0, line.indexOf(';')));
      const entry = entries.find(({ dumpId }) => dumpId === id);
      expect(entry).toBeDefined();
      expect(line).toContain(` ${entry?.kind} `);
      expect(line.endsWith(entry?.owner ?? 'nobody')).toBe(true);
    }
    expect(listed.length).toBeGreaterThan(8);
    expect(entries.find(({ name, kind }) => name === 'few' && kind === 'TABLE')?.definition).toContain(
      'CREATE TABLE public.few',
    );
  });

  it('cut at every byte: refused', async () => {
    const small = await dump('--compress=0', '--table=public.few', '--table=public.empty');
    expect(rows(read(small))).toEqual({ 'public.few': 5, 'public.empty': 0 });
    for (let sizeBytes = 0; sizeBytes < small.length; sizeBytes++) {
      expect(failureOf(() => read(small.subarray(0, sizeBytes)))?.code).toBe('archive-damaged');
    }
  });

  it('cut anywhere in its large objects: refused', () => {
    const random = new Seeded(3);
    for (let round = 0; round < 300; round++) {
      expect(failureOf(() => read(everything.subarray(0, random.below(everything.length))))?.code).toBe(
        'archive-damaged',
      );
    }
  });

  it('a byte more behind its end: refused', () => {
    for (const tail of ['\0', '\x01', 'PGDMP', '\x01\0\x01\0\0\0']) {
      expect(failureOf(() => read(Buffer.concat([everything, Buffer.from(tail, 'latin1')])))?.code).toBe(
        'archive-damaged',
      );
    }
  });

  it('a bit flipped anywhere: refused, or read to an end, and never another kind of error', () => {
    const random = new Seeded(4);
    let refused = 0;
    for (let round = 0; round < 400; round++) {
      const flipped = Buffer.from(everything.subarray(0));
      flipped[random.below(Math.min(flipped.length, 8_000))] ^= 1 << random.below(8);
      if (failureOf(() => read(flipped))) refused++;
    }
    expect(refused).toBeGreaterThan(50);
  });

  it('compressed inside: refused with what to do', async () => {
    const compressed = await dump('--compress=6');
    expect(failureOf(() => read(compressed))?.message).toMatch(/--compress=0/);
  });

  it('one table twice, a block of nobody, a block missing: refused', async () => {
    const small = await dump('--compress=0', '--table=public.few');
    const head = parseArchiveHead(small);
    if (head === 'incomplete') throw new Error('no head');
    const block = small.subarray(head.sizeBytes);
    expect(failureOf(() => read(Buffer.concat([small, block])))?.message).toMatch(/twice/);
    expect(failureOf(() => read(small.subarray(0, head.sizeBytes)))?.message).toMatch(/"public"."few" is missing/);
    const foreign = Buffer.from(block);
    foreign.writeUInt32LE(999_999, 2);
    expect(failureOf(() => read(Buffer.concat([small.subarray(0, head.sizeBytes), foreign])))?.message).toMatch(
      /no entry/,
    );
  });
});

describe('every format that is known, as the source of PostgreSQL describes it', () => {
  const table = (dumpId: number, name: string, data?: readonly string[]) =>
    ({ dumpId, kind: 'TABLE DATA', schema: 'public', name, section: 3, data }) as const;
  const zoo: WrittenArchive = {
    minor: 16,
    entries: [
      { dumpId: 1, kind: 'SCHEMA', name: 'ünï', section: 2, owner: '' },
      { dumpId: 2, kind: 'TABLE', schema: 'ünï', name: 'a "b"\n', section: 2, dependencies: [1] },
      table(3, 'none', ['\\.\n\n\n']),
      table(4, 'split', ['1\n2\n', '3', '\n\\', '.\n', '\n\n']),
      { dumpId: 5, kind: 'FK CONSTRAINT', schema: 'public', name: 'fk', section: 4, dependencies: [2, 3] },
      { dumpId: 6, kind: 'ACL', schema: '', name: 'TABLE x', section: 1 },
    ],
  };

  it.each([14, 15, 16])('1.%i: entries and rows', (minor) => {
    const contents = read(writeArchive({ ...zoo, minor }), 3);
    expect(rows(contents)).toEqual({ 'public.none': 0, 'public.split': 3 });
    expect(contents.entries[1]).toMatchObject({
      kind: 'TABLE',
      schema: 'ünï',
      name: 'a "b"\n',
      section: 'pre-data',
      dependencies: [1],
    });
    expect(contents.entries[4].dependencies).toEqual([2, 3]);
    expect(contents.entries.map(({ section }) => section)).toEqual([
      'pre-data',
      'pre-data',
      'data',
      'data',
      'post-data',
      'none',
    ]);
    expect(contents.entries[0].owner).toBe('');
  });

  it.each<[string, Partial<WrittenArchive>, RegExp]>([
    ['older', { minor: 13 }, /format 1\.13/],
    ['newer', { minor: 17 }, /format 1\.17/],
    ['of another time', { major: 2 }, /format 2\.16/],
    ['a tar', { format: 3 }, /not of the custom format/],
    ['gzip inside', { compression: 1 }, /--compress=0/],
    ['gzip inside, as 1.14 says it', { minor: 14, compression: 6 }, /--compress=0/],
  ])('%s: refused by name', (_, change, message) => {
    expect(failureOf(() => read(writeArchive({ ...zoo, ...change })))?.message).toMatch(message);
  });

  it('data without its end mark: refused', () => {
    for (const data of [['1\n2\n'], [''], ['\\.\n\n'], ['\\.\n\n\n1\n']]) {
      expect(failureOf(() => read(writeArchive({ minor: 16, entries: [table(1, 't', data)] })))?.message).toMatch(
        /end mark|missing/,
      );
    }
  });

  it('rows are counted the same however the stream is cut into pieces', () => {
    const lines = fc.array(
      fc.string().map((text) => text.replace(/[\n\\]/g, ' ')),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(
        lines,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 9 }),
        (values, pieceBytes, chunkLength) => {
          const copy = Buffer.from(`${values.map((value) => `${value}\n`).join('')}\\.\n\n\n`);
          const chunks: string[] = [];
          for (let at = 0; at < copy.length; at += chunkLength)
            chunks.push(copy.subarray(at, at + chunkLength).toString('latin1'));
          const ascii = chunks.every((chunk) => /^\p{ASCII}*$/u.test(chunk)) ? chunks : [copy.toString('utf8')];
          const archive = writeArchive({ minor: 15, entries: [table(1, 't', ascii)] });
          expect(rows(read(archive, pieceBytes))).toEqual({ 'public.t': values.length });
        },
      ),
      { seed: 7, numRuns: 150 },
    );
  });

  it('a head is incomplete at every byte before its last', () => {
    const head = writeHead(zoo);
    for (let sizeBytes = 0; sizeBytes < head.length; sizeBytes++)
      expect(parseArchiveHead(head.subarray(0, sizeBytes))).toBe('incomplete');
    expect(parseArchiveHead(head)).toMatchObject({ version: '1.16', sizeBytes: head.length });
  });

  it('numbers that no archive has (a length beyond all bounds, a negative count, integers of no width): refused', () => {
    const head = writeHead({ ...zoo, entries: [] });
    const negativeCount = Buffer.from(head);
    negativeCount[head.length - 5] = 1;
    negativeCount[head.length - 4] = 1;
    const noWidth = Buffer.from(head);
    noWidth[8] = 0;
    const wide = Buffer.from(head);
    wide[8] = 200;
    for (const bad of [negativeCount, noWidth, wide]) expect(failureOf(() => read(bad))?.code).toBe('archive-damaged');
  });
});
