import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { Writable, type Readable } from 'node:stream';
import type { StoredObject, StoredPart } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import { PartBudget } from '../../../runtime/store/part-budget';
import type { GetOptions, ObjectStore, OpenedObject } from '../../../runtime/store/store';
import { openVerified } from '../../../runtime/store/verified-download';
import { FaultyStore } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import { Seeded } from '../../support/seeded';
import { MIB, read, upload } from './support';

const random = new Seeded(31);
const bytes = random.bytes(300_000);

describe('an object is given back byte for byte', () => {
  test.each([1, 3, 100])('whatever is fetched at once: %d', async (parallel) => {
    const { store, object } = await stored();
    expect((await read(openVerified(store, object, { parallel }))).equals(bytes)).toBe(true);
  });

  test('as an upload of several parts wrote it', async () => {
    const store = new MemoryStore();
    const large = random.bytes(20 * MIB);
    const object = await upload(store, 'a', large);
    expect(object.parts.length).toBeGreaterThan(2);
    expect((await read(openVerified(store, object))).equals(large)).toBe(true);
  });

  test('of the version that was written, even when a newer one is there', async () => {
    const { store, object } = await stored();
    await store.put('a', Buffer.from('newer'));
    expect((await read(openVerified(store, object))).equals(bytes)).toBe(true);
  });

  test('in order, though later parts arrive first', async () => {
    const { store, object } = await stored();
    const late = new LateFirstPart(store);
    expect((await read(openVerified(late, object, { parallel: 7 }))).equals(bytes)).toBe(true);
    expect(late.arrivedBefore).toBeGreaterThan(0);
  });
});

describe('damage is never given on', () => {
  test('a flipped bit anywhere: the parts before it are good, its own is not begun, and the reader is told which', async () => {
    for (let round = 0; round < 60; round += 1) {
      const { store, object } = await stored();
      const atByte = random.below(bytes.length);
      store.damage('a', (content) => {
        content[atByte] ^= 1 << random.below(8);
        return content;
      });
      const { given, error } = await readUntilError(openVerified(store, object));
      const part = partAt(object, atByte);
      expect(error).toMatchObject({ code: 'object-damaged' });
      expect(error.message).toContain(`"a" is damaged: part ${part.number} of ${object.parts.length}`);
      expect(error.detail).toContain(part.sha256);
      expect(error.detail).toMatch(/its SHA-256 is [0-9a-f]{64}/);
      expect(given.equals(bytes.subarray(0, given.length))).toBe(true);
      expect(given.length).toBeLessThanOrEqual(part.startByte);
    }
  });

  test('cut off anywhere, or grown', async () => {
    for (const sizeBytes of [0, 1, 40_000, bytes.length - 1, bytes.length + 1, random.below(bytes.length)]) {
      const { store, object } = await stored();
      store.damage('a', (content) => Buffer.concat([content, Buffer.alloc(1)]).subarray(0, sizeBytes));
      const { given, error } = await readUntilError(openVerified(store, object));
      expect(error).toMatchObject({ code: 'object-damaged' });
      expect(given.equals(bytes.subarray(0, given.length))).toBe(true);
    }
  });

  test('two parts exchanged', async () => {
    const { store, object } = await stored();
    store.damage('a', (content) =>
      Buffer.concat([content.subarray(40_000, 80_000), content.subarray(0, 40_000), content.subarray(80_000)]),
    );
    const { given, error } = await readUntilError(openVerified(store, object));
    expect([given.length, error.code]).toEqual([0, 'object-damaged']);
  });

  test('parts whose digests were exchanged together with their bytes: the whole tells', async () => {
    const { store, object } = await stored();
    const [first, second, ...others] = object.parts;
    store.damage('a', (content) =>
      Buffer.concat([content.subarray(40_000, 80_000), content.subarray(0, 40_000), content.subarray(80_000)]),
    );
    const forged = { ...object, parts: [second, first, ...others] };
    const { error } = await readUntilError(openVerified(store, forged));
    expect(error.message).toContain('the whole is not what was written');
    expect(error.detail).toContain(object.sha256);
  });

  test('a version that is gone is missing, though the key has another', async () => {
    const { store, object } = await stored();
    store.delete('a');
    await store.put('a', bytes);
    const { given, error } = await readUntilError(openVerified(store, object));
    expect([given.length, error.code]).toEqual([0, 'object-missing']);
  });

  test.each<[string, (object: StoredObject) => Partial<StoredObject>]>([
    ['no parts', () => ({ parts: [] })],
    ['a part left out', ({ parts }) => ({ parts: parts.slice(1) })],
    ['a part twice', ({ parts }) => ({ parts: [parts[0], ...parts] })],
    ['a part of no bytes', ({ parts }) => ({ parts: [{ ...parts[0], sizeBytes: 0 }, ...parts] })],
    ['a negative part', ({ parts }) => ({ parts: [...parts, { ...parts[0], sizeBytes: -1 }, sized(parts[0], 1)] })],
  ])('a manifest whose parts do not make the object is refused before a byte: %s', async (_, change) => {
    const { store, object } = await stored();
    const { given, error } = await readUntilError(openVerified(store, { ...object, ...change(object) }));
    expect([given.length, error.code]).toEqual([0, 'manifest-invalid']);
  });
});

describe('faults on the way', () => {
  test('a body that breaks off is fetched again', async () => {
    const { store, object } = await stored();
    const faulty = new FaultyStore(store, [{ on: 'get', nth: 3, effect: 'truncate' }]);
    expect((await read(openVerified(faulty, object))).equals(bytes)).toBe(true);
    expect(faulty.fired).toHaveLength(1);
  });

  test('but not for ever', async () => {
    const { store, object } = await stored();
    const faulty = new FaultyStore(store, [{ on: 'get', effect: 'truncate' }]);
    const { given, error } = await readUntilError(openVerified(faulty, object, { parallel: 1 }));
    expect([given.length, error.code]).toEqual([0, 'object-damaged']);
    expect(faulty.fired).toHaveLength(3);
    expect(error.detail).toMatch(/it gave \d+ of 40000 bytes/);
  });

  test('an answer that announces another size is refused at once, without reading it', async () => {
    const { store, object } = await stored();
    const shorter = new (class extends CountingStore {
      override async get(key: string, options: GetOptions = {}): Promise<OpenedObject> {
        const opened = await super.get(key, options);
        return { ...opened, sizeBytes: opened.sizeBytes - 1 };
      }
    })(store);
    const { error } = await readUntilError(openVerified(shorter, object, { parallel: 1 }));
    expect(error).toMatchObject({ code: 'object-damaged', detail: expect.stringContaining('39999') as string });
    expect(shorter.gets).toBe(1);
  });

  test('a reading given up while the store is silent ends at once', async () => {
    const { store, object } = await stored();
    const faulty = new FaultyStore(store, [{ on: 'get', effect: 'stall' }]);
    const stream = openVerified(faulty, object);
    stream.resume();
    while (faulty.fired.length === 0) await new Promise(setImmediate);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stream.destroy();
    await closed;
  });

  test('a bit flipped on the way is refused', async () => {
    const { store, object } = await stored();
    const faulty = new FaultyStore(store, [{ on: 'get', nth: 4, effect: 'flip-bit' }]);
    const { error } = await readUntilError(openVerified(faulty, object));
    expect(error).toMatchObject({ code: 'object-damaged' });
    expect(error.message).toContain('part 4 of 8');
  });

  test('the error of the store is the reader error', async () => {
    const { store, object } = await stored();
    const denied = () => new BackupError('store-denied', 'no');
    const faulty = new FaultyStore(store, [{ on: 'get', nth: 2, effect: 'fail', error: denied }]);
    const { error } = await readUntilError(openVerified(faulty, object));
    expect(error).toMatchObject({ code: 'store-denied' });
  });

  test('the signal ends a reading that hangs, with its own reason', async () => {
    const { store, object } = await stored();
    const faulty = new FaultyStore(store, [{ on: 'get', nth: 2, effect: 'stall' }]);
    const stop = new AbortController();
    const reading = readUntilError(openVerified(faulty, object, { signal: stop.signal }));
    while (faulty.fired.length === 0) await new Promise(setImmediate);
    stop.abort(new BackupError('deadline-exceeded', 'out of time'));
    expect((await reading).error).toMatchObject({ code: 'deadline-exceeded' });
  });

  test('a signal that has fired before fetches nothing', async () => {
    const { store, object } = await stored();
    const faulty = new FaultyStore(store, [{ on: 'get', effect: 'fail' }]);
    const signal = AbortSignal.abort(new BackupError('terminated', 'told to end'));
    const { error } = await readUntilError(openVerified(faulty, object, { signal }));
    expect(error).toMatchObject({ code: 'terminated' });
    expect(faulty.fired).toEqual([]);
  });
});

describe('memory is bounded', () => {
  test('a reader that stands still does not make more parts be fetched', async () => {
    const { store, object } = await stored();
    const counting = new CountingStore(store);
    const stream = openVerified(counting, object, { parallel: 2 });
    stream.once('readable', () => undefined);
    for (let i = 0; i < 200; i += 1) await new Promise(setImmediate);
    expect(counting.gets).toBeLessThan(object.parts.length);
    stream.destroy();
  });

  test('only one part at a time when the budget has no room, and never none', async () => {
    const { store, object } = await stored();
    const budget = new PartBudget(1_000);
    await budget.reserve(1_000);
    const counting = new CountingStore(store);
    expect((await read(openVerified(counting, object, { budget, parallel: 8 }))).equals(bytes)).toBe(true);
    expect(counting.mostOpen).toBe(1);
  });

  test('the budget is whole again after the end, after an error and after giving up', async () => {
    const budget = new PartBudget(MIB);
    const { store, object } = await stored();
    await read(openVerified(store, object, { budget }));
    const faulty = new FaultyStore(store, [{ on: 'get', nth: 2, effect: 'flip-bit' }]);
    await readUntilError(openVerified(faulty, object, { budget }));
    const abandoned = openVerified(store, object, { budget });
    await new Promise((resolve) => abandoned.once('data', resolve));
    abandoned.destroy();
    await new Promise((resolve) => abandoned.once('close', resolve));
    for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
    expect(budget.tryReserve(MIB)).toBeDefined();
  });

  test('a consumer that fails ends the fetching', async () => {
    const { store, object } = await stored();
    const counting = new CountingStore(store);
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('pg_restore ended')) });
    await expect(pipeline(openVerified(counting, object, { parallel: 1 }), broken)).rejects.toThrow('pg_restore ended');
    const { gets } = counting;
    for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
    expect(counting.gets).toBe(gets);
    expect(gets).toBeLessThan(object.parts.length);
  });
});

/** The same bytes with small parts, so that many of them fit a test. */
async function stored(): Promise<{ store: MemoryStore; object: StoredObject }> {
  const store = new MemoryStore();
  const object = await upload(store, 'a', bytes);
  const parts: StoredPart[] = [];
  for (let start = 0; start < bytes.length; start += 40_000) {
    const part = bytes.subarray(start, start + 40_000);
    parts.push({ sizeBytes: part.length, sha256: createHash('sha256').update(part).digest('hex') });
  }
  return { store, object: { ...object, parts } };
}

function sized(part: StoredPart, sizeBytes: number): StoredPart {
  return { ...part, sizeBytes };
}

function partAt(object: StoredObject, atByte: number): StoredPart & { number: number; startByte: number } {
  let startByte = 0;
  for (const [index, part] of object.parts.entries()) {
    if (atByte < startByte + part.sizeBytes) return { ...part, number: index + 1, startByte };
    startByte += part.sizeBytes;
  }
  throw new Error(`no part holds byte ${atByte}`);
}

async function readUntilError(stream: Readable): Promise<{ given: Buffer; error: BackupError }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch (error) {
    if (error instanceof BackupError) return { given: Buffer.concat(chunks), error };
    throw error;
  }
  throw new Error('the stream ended as if it were good');
}

class CountingStore extends FaultyStore {
  gets = 0;
  mostOpen = 0;
  private open = 0;

  constructor(inner: ObjectStore) {
    super(inner, []);
  }

  override async get(key: string, options: GetOptions = {}): Promise<OpenedObject> {
    this.gets += 1;
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    const opened = await super.get(key, options);
    opened.body.once('close', () => (this.open -= 1));
    return opened;
  }
}

/** Keeps the first part back until others are there. */
class LateFirstPart extends FaultyStore {
  arrivedBefore = 0;

  constructor(inner: ObjectStore) {
    super(inner, []);
  }

  override async get(key: string, options: GetOptions = {}): Promise<OpenedObject> {
    if (options.range?.start === 0) {
      while (this.arrivedBefore < 3) await new Promise(setImmediate);
    } else {
      this.arrivedBefore += 1;
    }
    return super.get(key, options);
  }
}
