/**
 * Where zstd is not installed, as in a function: Node's own takes its place. The Node of this test may have none, so one of gzip stands
 * in for it; which bytes it makes of which is Node's promise.
 */
import { Readable } from 'node:stream';
import zlib, { createGunzip, gzipSync } from 'node:zlib';
import { BackupError } from '../../../runtime/errors';
import { decompress } from '../../../runtime/wal/zstd-process';
import { failureOf } from '../../support/failure-of';

jest.mock('../../../runtime/postgres/zstd', () => ({
  findZstd: async () => {
    const { BackupError: Missing } =
      jest.requireActual<typeof import('../../../runtime/errors')>('../../../runtime/errors');
    throw new Missing('tool-missing', 'no zstd found');
  },
}));

const node = zlib as { createZstdDecompress?: unknown };
const its = node.createZstdDecompress;
beforeEach(() => void (node.createZstdDecompress = createGunzip));
afterEach(() => void (node.createZstdDecompress = its));

const content = Buffer.from('an inventory\n'.repeat(50_000));

async function read(stored: Readable, signal = new AbortController().signal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of decompress(stored, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('what is stored is decompressed by Node itself', async () => {
  expect((await read(Readable.from([gzipSync(content)]))).equals(content)).toBe(true);
});

test('what is cut short or no compressed stream is a failure', async () => {
  for (const bytes of [gzipSync(content).subarray(0, 500), Buffer.from('no such thing')]) {
    expect(await failureOf(read(Readable.from([bytes])))).toMatchObject({ code: 'tool-failed' });
  }
});

test('what goes wrong with the stored bytes is told as it is', async () => {
  const damaged = async function* () {
    yield gzipSync(content).subarray(0, 500);
    throw new BackupError('object-damaged', 'part 1 is not what was written');
  };
  expect(await failureOf(read(Readable.from(damaged())))).toMatchObject({ code: 'object-damaged' });
});

test('left before its end, it lets go of what is stored', async () => {
  const stored = Readable.from([gzipSync(content)]);
  for await (const _ of decompress(stored, new AbortController().signal)) break;
  expect(stored.destroyed).toBe(true);
});

test('with neither, it says what to install', async () => {
  delete node.createZstdDecompress;
  expect(await failureOf(read(Readable.from([])))).toMatchObject({ code: 'tool-missing' });
});
