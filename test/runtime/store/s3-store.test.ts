import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { crc32, crc32Base64 } from '../../../runtime/store/crc32';
import { openS3Store } from '../../../runtime/store/s3-store';
import type { ListEntry, ObjectStore, PartDigest } from '../../../runtime/store/store';
import { openVerified } from '../../../runtime/store/verified-download';
import { Seeded } from '../../support/seeded';
import { BUCKET, reset, startVault, type TestVault } from './s3-support';
import { MIB, read, upload } from './support';

const random = new Seeded(1_905);
let vault: TestVault;
let store: ObjectStore;

beforeAll(async () => {
  vault = await startVault();
  store = vault.open();
});
beforeEach(() => reset(vault));
afterAll(() => vault.close());

describe('small objects', () => {
  test('are written, described and read back', async () => {
    const written = await store.put('small/a', Buffer.from('hello'), { contentType: 'application/json' });
    expect(await text('small/a')).toBe('hello');
    expect(await store.head('small/a')).toMatchObject({
      sizeBytes: 5,
      versionId: written.versionId,
      etag: written.etag,
      crc32: crc32Base64(crc32('hello')),
      encryption: 'AES256',
    });
    expect(await vault.versionsOf('small/a')).toEqual([written.versionId]);
  });

  test('an existing key is a conflict when it must be absent, told at once and from the first refusal', async () => {
    await store.put('small/b', Buffer.from('first'));
    vault.operations();
    await expect(store.put('small/b', Buffer.from('second'), { ifAbsent: true })).rejects.toMatchObject({
      code: 'store-conflict',
      message: 'could not write "small/b" in s3://vault/team',
    });
    expect(vault.operations()).toEqual(['PutObject']);
    expect(await text('small/b')).toBe('first');
  });

  test('of two writers at once, one wins', async () => {
    const writers = ['one', 'two', 'three', 'four'].map((name) =>
      store.put('small/race', Buffer.from(name), { ifAbsent: true }),
    );
    const results = await Promise.allSettled(writers);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await vault.versionsOf('small/race')).toHaveLength(1);
  });

  test('a version stays readable by its id after another was written', async () => {
    const { versionId } = await store.put('small/c', Buffer.from('old'));
    await store.put('small/c', Buffer.from('newer'));
    expect((await read((await store.get('small/c', { versionId })).body)).toString()).toBe('old');
    expect(await store.head('small/c', { versionId })).toMatchObject({ sizeBytes: 3, versionId });
  });

  test('a range is what was asked for, both ends included, and tells the size of the whole', async () => {
    await store.put('small/d', Buffer.from('0123456789'));
    const opened = await store.get('small/d', { range: { start: 2, end: 4 } });
    expect(opened).toMatchObject({ sizeBytes: 3, wholeSizeBytes: 10 });
    expect((await read(opened.body)).toString()).toBe('234');
  });

  test('what is not there is nothing to head, and an error to get', async () => {
    expect(await store.head('small/none')).toBeUndefined();
    await expect(store.get('small/none')).rejects.toMatchObject({ code: 'object-missing' });
    await expect(store.get('small/d', { range: { start: 10, end: 12 } })).rejects.toMatchObject({
      code: 'object-damaged',
    });
  });

  test('an empty key is refused before anything is sent', async () => {
    await expect(store.put('', Buffer.from('x'))).rejects.toThrow('an object needs a key');
    expect(vault.operations()).toEqual([]);
  });
});

describe('streams', () => {
  test('of several parts become one object with a checksum of the whole that the store itself keeps', async () => {
    const bytes = random.bytes(20 * MIB);
    const object = await upload(store, 'stream/a', bytes, { contentType: 'application/zstd' });
    expect(await store.head('stream/a')).toMatchObject({
      sizeBytes: bytes.length,
      versionId: object.versionId,
      crc32: crc32Base64(crc32(bytes)),
    });
    expect((await read(openVerified(store, object))).equals(bytes)).toBe(true);
    expect(await vault.openUploads()).toEqual([]);
  });

  test.each<[string, (part: PartDigest) => Partial<PartDigest>, RegExp]>([
    ['other bytes', ({ chunks }) => ({ chunks: [flipped(chunks[0])] }), /SHA256Mismatch|BadDigest/],
    ['another SHA-256', () => ({ sha256: '0'.repeat(64) }), /SHA256Mismatch/],
    ['another CRC-32', (part) => ({ crc32: part.crc32 ^ 1 }), /BadDigest/],
  ])('the store refuses a part with %s than was said', async (_, change, reason) => {
    const multipart = await store.createMultipart('stream/refused');
    const part = digested(Buffer.from('the bytes of a part'));
    await expect(multipart.uploadPart(1, { ...part, ...change(part) })).rejects.toMatchObject({
      code: 'store-failed',
      detail: expect.stringMatching(reason) as string,
    });
    await multipart.abort();
  });

  test.each<[string, { sizeBytes: number; crc32: number }]>([
    ['size', { sizeBytes: 18, crc32: crc32('the bytes of a part') }],
    ['CRC-32', { sizeBytes: 19, crc32: 1 }],
  ])('the store refuses a whole of another %s than was said', async (_, whole) => {
    const multipart = await store.createMultipart('stream/refused');
    const part = digested(Buffer.from('the bytes of a part'));
    const { etag } = await multipart.uploadPart(1, part);
    await expect(multipart.complete([{ partNumber: 1, etag, crc32: part.crc32 }], whole)).rejects.toMatchObject({
      code: 'store-failed',
    });
    await multipart.abort();
    await multipart.abort();
    expect(await store.head('stream/refused')).toBeUndefined();
    expect(await vault.openUploads()).toEqual([]);
  });

  test('a part in several chunks is sent whole', async () => {
    const multipart = await store.createMultipart('stream/chunks');
    const bytes = Buffer.from('the bytes of a part');
    const part = { ...digested(bytes), chunks: [bytes.subarray(0, 4), bytes.subarray(4)] };
    const { etag } = await multipart.uploadPart(1, part);
    await multipart.complete([{ partNumber: 1, etag, crc32: part.crc32 }], part);
    expect(await text('stream/chunks')).toBe('the bytes of a part');
  });
});

describe('keys are byte-exact, whatever they hold', () => {
  const hostile = [
    'plain',
    ' leading and trailing ',
    '/leading/slash',
    'a//b',
    './a/../b/.',
    '..',
    'a+b%2Fc%20d',
    'line\nbreak\ttab',
    'quote"\'<&>;`$(x)',
    'ünï\u00e9 e\u0301 日本 🐘',
    '?query=1&versionId=2#fragment',
    '\u0001\u001f\u007f',
    'soap',
    'a'.repeat(900),
  ];

  test.each(hostile)('%j', async (name) => {
    const key = `keys/${name}`;
    await store.put(key, Buffer.from(name), { ifAbsent: true });
    expect(await text(key)).toBe(name);
    expect((await listed('keys/')).map(nameOf)).toContain(key);
    // One key only: nothing was normalised into another.
    await expect(store.put(key, Buffer.from(name), { ifAbsent: true })).rejects.toMatchObject({
      code: 'store-conflict',
    });
  });

  test('drawn at random', async () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 3 }), async (parts) => {
        const key = `random/${parts.join('/')}`;
        await store.put(key, Buffer.from(key));
        expect(await text(key)).toBe(key);
        expect((await listed(key)).map(nameOf)).toContain(key);
      }),
      { numRuns: 60, seed: 5 },
    );
  });
});

describe('lists', () => {
  const keys = ['l/a', 'l/b/1', 'l/b/2', 'l/c', 'l/d/1', 'l/é', 'l/z'];
  beforeAll(async () => {
    for (const key of keys) await store.put(key, Buffer.from(key));
  });

  test('every key below a prefix, in order of bytes, without the prefix of the vault', async () => {
    expect((await listed('l/')).map(nameOf)).toEqual(['l/a', 'l/b/1', 'l/b/2', 'l/c', 'l/d/1', 'l/z', 'l/é']);
    expect(await listed('l/b/')).toMatchObject([
      { kind: 'object', key: 'l/b/1', sizeBytes: 5 },
      { kind: 'object', key: 'l/b/2', sizeBytes: 5 },
    ]);
  });

  test('folders where asked for, each once, among the objects', async () => {
    const entries = await listed('l/', { delimiter: '/' });
    expect(entries.map(nameOf)).toEqual(['l/a', 'l/b/', 'l/c', 'l/d/', 'l/z', 'l/é']);
    expect(entries.map(({ kind }) => kind)).toEqual(['object', 'prefix', 'object', 'prefix', 'object', 'object']);
  });

  test('from after a key', async () => {
    expect((await listed('l/', { startAfter: 'l/b/2' })).map(nameOf)).toEqual(['l/c', 'l/d/1', 'l/z', 'l/é']);
  });

  test('more than one page, none left out and none twice', async () => {
    const many = Array.from({ length: 1_203 }, (_, i) => `many/${String(i).padStart(5, '0')}`);
    await Promise.all(many.map((key) => store.put(key, Buffer.from('x'))));
    vault.operations();
    expect((await listed('many/')).map(nameOf)).toEqual(many);
    expect(vault.operations()).toEqual(['ListObjectsV2', 'ListObjectsV2']);
  });

  test('nothing is an empty list', async () => {
    expect(await listed('nowhere/')).toEqual([]);
  });

  test('the other folders of the bucket are not seen', async () => {
    const { endpoint, credentials } = vault.server;
    const whole = openS3Store(`s3://${BUCKET}`, { endpoint, credentials });
    await whole.put('l/elsewhere', Buffer.from('x'));
    expect((await listed('l/')).map(nameOf)).not.toContain('l/elsewhere');
    expect(await store.head('l/elsewhere')).toBeUndefined();
    expect(await whole.head('team/l/a')).toBeDefined();
    expect([store.uri, whole.uri]).toEqual(['s3://vault/team', 's3://vault']);
  });
});

async function text(key: string): Promise<string> {
  return (await read((await store.get(key)).body)).toString();
}

async function listed(prefix: string, options: Parameters<ObjectStore['list']>[1] = {}): Promise<ListEntry[]> {
  const entries: ListEntry[] = [];
  for await (const entry of store.list(prefix, options)) entries.push(entry);
  return entries;
}

function nameOf(entry: ListEntry): string {
  return entry.kind === 'object' ? entry.key : entry.prefix;
}

function digested(bytes: Buffer): PartDigest {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { chunks: [bytes], sizeBytes: bytes.length, sha256, crc32: crc32(bytes) };
}

function flipped(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  copy[3] ^= 4;
  return copy;
}
