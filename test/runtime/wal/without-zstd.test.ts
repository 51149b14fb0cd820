/**
 * Where zstd is not installed, as in a function: Node's own takes its place. The Node of this test may have none, so one of gzip stands
 * in for it; `npm run test:node24` runs this with a Node that has one.
 */
import { execFileSync } from 'node:child_process';
import { Readable } from 'node:stream';
import zlib, { createGunzip, gunzipSync, gzip, gzipSync } from 'node:zlib';
import { BackupError } from '../../../runtime/errors';
import { compress, decompress } from '../../../runtime/wal/zstd-process';
import { failureOf } from '../../support/failure-of';

jest.mock('../../../runtime/postgres/zstd', () => ({
  findZstd: async () => {
    const { BackupError: Missing } =
      jest.requireActual<typeof import('../../../runtime/errors')>('../../../runtime/errors');
    throw new Missing('tool-missing', 'no zstd found');
  },
}));
// Its own properties cannot be changed.
jest.mock('node:zlib', () => ({ ...jest.requireActual<object>('node:zlib') }));

type Done = (error: Error | null, compressed: Buffer) => void;
interface Own {
  createZstdDecompress?: unknown;
  zstdCompress?: (bytes: Buffer, options: object, done: Done) => void;
}

const node = zlib as Own;
const { createZstdDecompress = createGunzip, zstdCompress } = node;
const byHand = (args: string[], input: Buffer): Buffer => execFileSync('zstd', ['-q', '-c', ...args], { input });
const pack = zstdCompress ? (bytes: Buffer) => byHand([], bytes) : gzipSync;
const unpack = zstdCompress ? (bytes: Buffer) => byHand(['-d'], bytes) : gunzipSync;
const compressOwn = zstdCompress ?? ((bytes: Buffer, _options: object, done: Done) => gzip(bytes, done));

beforeEach(() => Object.assign(node, { createZstdDecompress, zstdCompress: compressOwn }));

const content = Buffer.from('an inventory\n'.repeat(50_000));

async function read(stored: Readable, signal = new AbortController().signal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of decompress(stored, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('what is stored is decompressed by Node itself', async () => {
  expect((await read(Readable.from([pack(content)]))).equals(content)).toBe(true);
});

test('what is cut short or no compressed stream is a failure', async () => {
  for (const bytes of [pack(content).subarray(0, 50), Buffer.from('no such thing')]) {
    expect(await failureOf(read(Readable.from([bytes])))).toMatchObject({ code: 'tool-failed' });
  }
});

test('what goes wrong with the stored bytes is told as it is', async () => {
  const damaged = async function* () {
    yield pack(content).subarray(0, 50);
    throw new BackupError('object-damaged', 'part 1 is not what was written');
  };
  expect(await failureOf(read(Readable.from(damaged())))).toMatchObject({ code: 'object-damaged' });
});

test('left before its end, it lets go of what is stored', async () => {
  const stored = Readable.from([pack(content)]);
  for await (const _ of decompress(stored, new AbortController().signal)) break;
  expect(stored.destroyed).toBe(true);
});

test('what is archived is compressed by Node itself, with a checksum and the size of the content', async () => {
  const own = jest.fn(compressOwn);
  node.zstdCompress = own;
  const compressed = await compress(content, new AbortController().signal);
  expect(unpack(compressed).equals(content)).toBe(true);
  const [level, checksum] = [100, 201]; // ZSTD_c_compressionLevel, ZSTD_c_checksumFlag
  const options = { params: { [level]: 1, [checksum]: 1 }, pledgedSrcSize: content.length };
  expect(own.mock.calls.map(([, asked]) => asked)).toEqual([expect.objectContaining(options)]);
});

test('what Node could not compress is a failure', async () => {
  node.zstdCompress = (_bytes, _options, done) => done(new Error('no memory'), Buffer.alloc(0));
  const failure = await failureOf(compress(content, new AbortController().signal));
  expect(failure).toMatchObject({ code: 'tool-failed', detail: 'no memory' });
});

test('with neither, it says what to install', async () => {
  delete node.createZstdDecompress;
  delete node.zstdCompress;
  expect(await failureOf(read(Readable.from([])))).toMatchObject({ code: 'tool-missing' });
  expect(await failureOf(compress(content, new AbortController().signal))).toMatchObject({ code: 'tool-missing' });
});
