/**
 * A stream compressed by Node itself ends as a process does: what was stopped, or broke, is never taken for whole. The Node of this test
 * may have no zstd, so gzip stands in for it; `npm run test:node24` runs this with one that has.
 */
import { execFileSync } from 'node:child_process';
import { Transform, type Duplex } from 'node:stream';
import { createGzip, gunzipSync } from 'node:zlib';
import { BackupError } from '../../../../runtime/errors';
import { CompressedSink } from '../../../../runtime/components/files/backup/compressed-sink';
import { failureOf } from '../../../support/failure-of';
import { MemoryStore } from '../../../support/memory-store';
import { Seeded } from '../../../support/seeded';

const real = jest.requireActual<typeof import('../../../../runtime/wal/own-zstd')>('../../../../runtime/wal/own-zstd');
let makeStream: (level: number) => Duplex;
jest.mock('../../../../runtime/wal/own-zstd', () => ({ ownCompressorStream: (level: number) => makeStream(level) }));

const unpack = (bytes: Buffer): Buffer =>
  real.ownVersion() === undefined
    ? gunzipSync(bytes)
    : execFileSync('zstd', ['-d', '-q', '-c'], { input: bytes, maxBuffer: 1e8 });

const ended = [{ name: 'pg_basebackup', code: 0, signal: null }];
const pieces = Array.from({ length: 300 }, (_, index) => new Seeded(index).bytes(index % 7 === 0 ? 10 : 65_536));

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
  makeStream = (level) => real.ownCompressorStream(level) ?? createGzip();
});

function openSink(signal = new AbortController().signal): CompressedSink {
  const zstd = { program: '/nowhere/zstd', version: '0' };
  return new CompressedSink({ store, key: 'base.tar.zst', zstd, compressionLevel: 1, signal });
}

async function stored(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of (await store.get('base.tar.zst')).body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('what was written comes back, by hand too', async () => {
  const sink = openSink();
  for (const piece of pieces) await sink.write(piece);
  const { sizeBytes } = await sink.complete(ended);
  const bytes = await stored();
  expect(bytes.length).toBe(sizeBytes);
  expect(unpack(bytes).equals(Buffer.concat(pieces))).toBe(true);
});

test('a compressor that breaks leaves nothing, and is named', async () => {
  makeStream = () => new Transform({ transform: (_chunk, _encoding, done) => done(new Error('out of memory')) });
  const sink = openSink();
  const failure = await failureOf(sink.write(pieces[1]).then(() => sink.complete(ended)));
  expect(failure).toMatchObject({ code: 'tool-failed', detail: 'out of memory' });
  await sink.giveUp(failure);
  expect(store.keys()).toEqual([]);
});

test('a compressor that was ended before its end leaves nothing', async () => {
  let stream: Duplex | undefined;
  makeStream = (level) => (stream = real.ownCompressorStream(level) ?? createGzip());
  const sink = openSink();
  for (const piece of pieces.slice(0, 40)) await sink.write(piece);
  stream?.destroy();
  const failure = await failureOf(sink.complete(ended));
  expect(failure).toMatchObject({ code: 'tool-failed', message: expect.stringContaining('SIGTERM') as string });
  await sink.giveUp(failure);
  expect(store.keys()).toEqual([]);
});

test('who is told to stop is told so, and leaves nothing', async () => {
  const given = new AbortController();
  const sink = openSink(given.signal);
  for (const piece of pieces.slice(0, 40)) await sink.write(piece);
  given.abort(new BackupError('terminated', 'told to stop'));
  const failure = await failureOf(sink.complete(ended));
  expect(failure).toMatchObject({ code: 'terminated' });
  await sink.giveUp(failure);
  expect(store.keys()).toEqual([]);
});
