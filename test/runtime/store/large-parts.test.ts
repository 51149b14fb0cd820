import { createHash } from 'node:crypto';
import { openVerified } from '../../../runtime/store/verified-download';
import { FaultyStore } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import { Seeded } from '../../support/seeded';
import { MIB, read, upload } from './support';

/** Sizes that a real stream has after 100 GiB come after 8 MiB here; and after three parts there is no more room. */
jest.mock('../../../runtime/store/part-size', () => ({
  MAX_PARTS: 3,
  MAX_STREAM_BYTES: 160 * 2 ** 20,
  partSizeBytes: (partNumber: number) => [8, 72, 80][partNumber - 1] * 2 ** 20,
}));

const bytes = new Seeded(64).bytes(120 * MIB);

test('parts too large to be held are described in pieces of 32 MiB, and read back by them', async () => {
  const store = new MemoryStore();
  const object = await upload(store, 'a', bytes);
  expect(object.parts.map(({ sizeBytes }) => sizeBytes / MIB)).toEqual([8, 32, 32, 8, 32, 8]);
  let startByte = 0;
  for (const { sizeBytes, sha256 } of object.parts) {
    const piece = bytes.subarray(startByte, startByte + sizeBytes);
    expect(sha256).toBe(createHash('sha256').update(piece).digest('hex'));
    startByte += sizeBytes;
  }
  expect((await read(openVerified(store, object))).equals(bytes)).toBe(true);
});

test('a last part that ends where a piece ends has no empty piece after it', async () => {
  const object = await upload(new MemoryStore(), 'a', bytes.subarray(0, 8 * MIB + 64 * MIB));
  expect(object.parts.map(({ sizeBytes }) => sizeBytes / MIB)).toEqual([8, 32, 32]);
});

test('a stream that no object can hold is refused with what to do, and leaves nothing', async () => {
  const store = new MemoryStore();
  const tooLarge = Buffer.alloc(160 * MIB + 1);
  await expect(upload(store, 'a', tooLarge)).rejects.toMatchObject({
    code: 'store-failed',
    message: 'the stream of "a" is too large for one object',
    hint: expect.stringContaining('more jobs') as string,
  });
  expect([store.keys(), store.openUploads.size]).toEqual([[], 0]);
  const fits = new FaultyStore(new MemoryStore(), []);
  expect((await upload(fits, 'a', tooLarge.subarray(1))).sizeBytes).toBe(160 * MIB);
});
