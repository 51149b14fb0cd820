/** Large objects that pass through here: in parts, several of several objects at once, in buffers that are used again. */
import { createHash } from 'node:crypto';
import { mirroredKey } from '../../../../model';
import { inParts, partPlaces } from '../../../../runtime/components/objects/mirror/parts';
import type { PartsUpload } from '../../../../runtime/store/bucket';
import { crc32, crc32Base64 } from '../../../../runtime/store/crc32';
import { failureOf } from '../../../support/failure-of';
import { Seeded } from '../../../support/seeded';
import { MirrorLab, SOURCE } from './support';

const MIB = 2 ** 20;
const PART_BYTES = 5 * MIB;
const THROUGH = { mirror: { way: 'through here' }, settings: { partBytes: PART_BYTES } } as const;

let lab: MirrorLab;

beforeAll(async () => {
  lab = await MirrorLab.start();
});
afterAll(() => lab.close());

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

function partsOf(content: Buffer): Buffer[] {
  const count = Math.ceil(content.length / PART_BYTES);
  return Array.from({ length: count }, (_, index) => content.subarray(index * PART_BYTES, (index + 1) * PART_BYTES));
}

test('many at once are byte for byte what they were, with a digest of each part, and a checksum of the whole that the store keeps', async () => {
  const world = await lab.world('large');
  const random = new Seeded(11);
  const sizes = [3 * PART_BYTES, 3 * PART_BYTES + 1, 2 * PART_BYTES + 4_000_000, PART_BYTES + 1, 4 * PART_BYTES - 1];
  const contents = sizes.map((size) => random.bytes(size));
  for (const [index, content] of contents.entries()) await world.put(`o${index}`, content);
  const manifest = await world.made(THROUGH);
  const entries = await world.entries(manifest);
  expect(entries).toHaveLength(sizes.length);
  for (const [index, entry] of entries.entries()) {
    const content = contents[index];
    expect((await world.stored(entry.key, entry.versionId)).equals(content)).toBe(true);
    expect(entry.parts).toEqual({ sizeBytes: PART_BYTES, sha256: partsOf(content).map(sha256Of) });
    const key = mirroredKey(manifest.mirrors[0].prefix, entry);
    const described = await world.store.head(key, { versionId: entry.versionId });
    expect(described?.crc32).toBe(crc32Base64(crc32(content)));
  }
});

test.each([
  ['breaks off', { kind: 'truncate', afterBytes: 70_000 }],
  ['is short though the store says it is all', { kind: 'truncate', afterBytes: 70_000, quietly: true }],
  ['is refused by a busy store', { kind: 'error', code: 'SlowDown' }],
] as const)('a part that %s is asked for again, and the object is whole', async (what, fault) => {
  const world = await lab.world(`again-${what.length}`);
  const content = new Seeded(12).bytes(3 * PART_BYTES + 77);
  await world.put('x', content);
  const injected = lab.faults.add({ operation: 'GetObject', bucket: world.sourceBucket, nth: 2, times: 2, fault });
  const [entry] = await world.entries(await world.made(THROUGH));
  expect(injected.fired).toBe(2);
  expect((await world.stored('x', entry.versionId)).equals(content)).toBe(true);
});

test('a store refuses a part that is not what its digest says, and a whole that lacks a part', async () => {
  const world = await lab.world('refused');
  const [first, second] = partsOf(new Seeded(13).bytes(PART_BYTES + 1000));
  for (const checksum of ['of each part', 'of the whole'] as const) {
    const key = `${SOURCE}/mirrors/uploads/${checksum}`;
    const upload = await world.vault.beginParts(key, { checksum });
    await upload.send(1, { bytes: first, sha256: sha256Of(first) });
    await failureOf(upload.send(2, { bytes: second, sha256: sha256Of(first) }));
    await failureOf(upload.complete(undefined, first.length + second.length));
    await upload.abort();
    expect(await world.store.head(key)).toBeUndefined();
  }
});

test('the store is told how much all parts must be together', async () => {
  const told: (number | undefined)[] = [];
  const complete = async (_signal?: AbortSignal, wholeBytes?: number) => {
    told.push(wholeBytes);
    return { versionId: 'v1', etag: '"e"' };
  };
  const upload = { complete, abort: async () => undefined } as unknown as PartsUpload;
  await inParts(upload, partPlaces(2 * PART_BYTES + 1, PART_BYTES), 2, new AbortController().signal, async () => 'ab');
  expect(told).toEqual([2 * PART_BYTES + 1]);
});
