import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { BackupError } from '../../../runtime/errors';
import { crc32, crc32Base64 } from '../../../runtime/store/crc32';
import { PartBudget } from '../../../runtime/store/part-budget';
import type { MultipartUpload, ObjectStore } from '../../../runtime/store/store';
import { StreamUpload } from '../../../runtime/store/stream-upload';
import { VerifiedStream } from '../../../runtime/store/verified-stream';
import { FaultyStore } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import { Seeded } from '../../support/seeded';
import { finished, MIB, streamOf, upload } from './support';

const random = new Seeded(20_261_120);
const large = random.bytes(21 * MIB);

describe('a stream becomes an object', () => {
  test.each([
    ['one byte', 1, 1],
    ['less than a part', 8 * MIB - 1, 1],
    ['exactly a part', 8 * MIB, 1],
    ['a byte more', 8 * MIB + 1, 2],
    ['several parts', 21 * MIB, 3],
  ])('%s: byte for byte, with every digest right', async (_, sizeBytes, parts) => {
    const store = new MemoryStore();
    const bytes = large.subarray(0, sizeBytes);
    const stored = await upload(store, 'a', bytes);
    expect(store.bytesOf('a')?.equals(bytes)).toBe(true);
    expect(stored.sizeBytes).toBe(sizeBytes);
    expect(stored.sha256).toBe(sha256(bytes));
    expect(stored.crc32).toBe(crc32Base64(crc32(bytes)));
    expect(stored.versionId).not.toBeNull();
    expect(stored.parts).toHaveLength(parts);
    let startByte = 0;
    for (const part of stored.parts) {
      expect(part.sha256).toBe(sha256(bytes.subarray(startByte, startByte + part.sizeBytes)));
      startByte += part.sizeBytes;
    }
    expect(startByte).toBe(sizeBytes);
    expect(store.openUploads.size).toBe(0);
  });

  test('a small stream is one conditional write, without a multipart upload', async () => {
    const store = new FaultyStore(new MemoryStore(), [{ on: 'createMultipart', effect: 'fail' }]);
    await upload(store, 'a', Buffer.from('small'));
    expect(store.fired).toEqual([]);
  });

  test.each([5, 9 * MIB])('nothing of %d bytes is visible before it is completed', async (sizeBytes) => {
    const store = new MemoryStore();
    const uploading = StreamUpload.begin(store, 'a');
    const received = await uploading.receive(streamOf(large.subarray(0, sizeBytes)));
    expect(store.keys()).toEqual([]);
    await uploading.complete(VerifiedStream.of(received, [finished]));
    expect(store.keys()).toEqual(['a']);
  });

  test.each([5, 9 * MIB])('a key is never written over (%d bytes)', async (sizeBytes) => {
    const store = new MemoryStore();
    await store.put('a', Buffer.from('mine'));
    await expect(upload(store, 'a', large.subarray(0, sizeBytes))).rejects.toMatchObject({ code: 'store-conflict' });
    expect(store.bytesOf('a')?.toString()).toBe('mine');
    expect(store.openUploads.size).toBe(0);
  });
});

describe('an upload that fails leaves nothing behind', () => {
  const failures = [
    { on: 'createMultipart', effect: 'fail' },
    { on: 'uploadPart', nth: 1, effect: 'fail' },
    { on: 'uploadPart', nth: 3, effect: 'fail' },
    { on: 'uploadPart', nth: 2, effect: 'lose-answer' },
    { on: 'complete', effect: 'fail' },
  ] as const;
  test.each(failures)('$on $nth: $effect', async (fault) => {
    const memory = new MemoryStore();
    const store = new FaultyStore(memory, [fault]);
    await expect(upload(store, 'a', large)).rejects.toMatchObject({ code: 'store-unreachable' });
    expect(store.fired).toHaveLength(1);
    expect(memory.keys()).toEqual([]);
    expect(memory.openUploads.size).toBe(0);
  });

  test('a source that breaks at any byte', async () => {
    for (const atByte of [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, ...randomOffsets(10)]) {
      const store = new MemoryStore();
      const source = async function* () {
        yield* streamOf(large.subarray(0, atByte)) as AsyncIterable<Buffer>;
        throw new Error('the pipe broke');
      };
      await expect(StreamUpload.begin(store, 'a').receive(source())).rejects.toThrow('the pipe broke');
      expect([store.keys(), store.openUploads.size]).toEqual([[], 0]);
    }
  });

  test('a producer killed at any byte: no proof, no object, no upload', async () => {
    for (const atByte of [0, 1, 8 * MIB, ...randomOffsets(10)]) {
      const store = new MemoryStore();
      const uploading = StreamUpload.begin(store, 'a');
      const received = await uploading.receive(streamOf(large.subarray(0, atByte)));
      const killed = { name: 'pg_dump', code: null, signal: 'SIGKILL' };
      expect(() => VerifiedStream.of(received, [killed])).toThrow('pg_dump was ended by SIGKILL');
      await uploading.abort();
      expect([store.keys(), store.openUploads.size]).toEqual([[], 0]);
    }
  });

  test('the signal ends an upload whose source has gone silent, with its own reason', async () => {
    const store = new MemoryStore();
    const stop = new AbortController();
    const silent = new EventEmitter();
    const source = async function* () {
      yield large;
      silent.emit('silent');
      await new Promise<never>(() => undefined);
    };
    const receiving = StreamUpload.begin(store, 'a', { signal: stop.signal }).receive(source());
    await once(silent, 'silent');
    stop.abort(new BackupError('deadline-exceeded', 'out of time'));
    await expect(receiving).rejects.toMatchObject({ code: 'deadline-exceeded' });
    expect([store.keys(), store.openUploads.size]).toEqual([[], 0]);
  });

  test('the signal ends an upload whose store has gone silent', async () => {
    const memory = new MemoryStore();
    const store = new FaultyStore(memory, [{ on: 'uploadPart', nth: 2, effect: 'stall' }]);
    const stop = new AbortController();
    const receiving = StreamUpload.begin(store, 'a', { signal: stop.signal }).receive(streamOf(large));
    while (store.fired.length === 0) await new Promise(setImmediate);
    stop.abort(new BackupError('terminated', 'told to end'));
    await expect(receiving).rejects.toMatchObject({ code: 'terminated' });
    expect([memory.keys(), memory.openUploads.size]).toEqual([[], 0]);
  });

  test('a signal that has fired before does not even begin', async () => {
    const store = new FaultyStore(new MemoryStore(), [{ on: 'createMultipart', effect: 'fail' }]);
    const signal = AbortSignal.abort(new BackupError('terminated', 'told to end'));
    const uploading = StreamUpload.begin(store, 'a', { signal });
    await expect(uploading.receive(streamOf(large))).rejects.toMatchObject({ code: 'terminated' });
    expect(store.fired).toEqual([]);
  });

  test('a signal that fires between the last byte and completion prevents the object', async () => {
    const store = new MemoryStore();
    const stop = new AbortController();
    const uploading = StreamUpload.begin(store, 'a', { signal: stop.signal });
    const received = await uploading.receive(streamOf(large));
    stop.abort(new BackupError('terminated', 'told to end'));
    await expect(uploading.complete(VerifiedStream.of(received, [finished]))).rejects.toMatchObject({
      code: 'terminated',
    });
    expect([store.keys(), store.openUploads.size]).toEqual([[], 0]);
  });

  test('it is aborted only when no part is in flight any more: a part that arrives later would be kept and billed', async () => {
    const happened: string[] = [];
    const store = new SlowToGiveUp(happened);
    const stop = new AbortController();
    const source = async function* () {
      yield large.subarray(0, 9 * MIB);
      await new Promise<never>(() => undefined);
    };
    const receiving = StreamUpload.begin(store, 'a', { signal: stop.signal }).receive(source());
    while (!happened.includes('part begun')) await new Promise(setImmediate);
    stop.abort(new BackupError('terminated', 'told to end'));
    await expect(receiving).rejects.toMatchObject({ code: 'terminated' });
    expect(happened).toEqual(['part begun', 'part ended', 'aborted']);
  });

  test('what could not be freed is told beside the failure itself', async () => {
    const store = new FaultyStore(new MemoryStore(), [
      { on: 'uploadPart', nth: 2, effect: 'fail' },
      { on: 'abort', effect: 'fail', error: () => new BackupError('store-denied', 'may not abort') },
    ]);
    const failure = await upload(store, 'a', large).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'store-unreachable' });
    expect((failure as BackupError).detail).toContain('could not be freed: may not abort');
  });

  test('the source is closed, so that its process is not left blocked on a full pipe', async () => {
    const source = streamOf(large);
    const store = new FaultyStore(new MemoryStore(), [{ on: 'uploadPart', nth: 1, effect: 'fail' }]);
    await expect(StreamUpload.begin(store, 'a').receive(source)).rejects.toThrow();
    expect(source.destroyed).toBe(true);
  });
});

describe('the order of things', () => {
  test('the proof of another stream completes nothing', async () => {
    const store = new MemoryStore();
    const mine = StreamUpload.begin(store, 'a');
    const other = StreamUpload.begin(store, 'a');
    await mine.receive(streamOf(large));
    const proof = VerifiedStream.of(await other.receive(streamOf(large)), [finished]);
    await expect(mine.complete(proof)).rejects.toThrow(/not that of its own stream/);
    expect(store.keys()).toEqual([]);
  });

  test('a stream is received once', async () => {
    const uploading = StreamUpload.begin(new MemoryStore(), 'a');
    await uploading.receive(streamOf(Buffer.from('x')));
    await expect(uploading.receive(streamOf(Buffer.from('x')))).rejects.toThrow(/received its stream already/);
  });

  test('aborting is safe twice, before, and after completion', async () => {
    const store = new MemoryStore();
    const never = StreamUpload.begin(store, 'never');
    await never.abort();
    await never.abort();
    const done = StreamUpload.begin(store, 'done');
    await done.complete(VerifiedStream.of(await done.receive(streamOf(large)), [finished]));
    await done.abort();
    expect(store.keys()).toEqual(['done']);
  });
});

describe('memory is bounded', () => {
  test('parts in flight of all uploads together stay within the budget', async () => {
    const store = new CountingStore();
    const budget = new PartBudget(24 * MIB);
    const keys = ['a', 'b', 'c', 'd'];
    await Promise.all(keys.map((key) => upload(store, key, large, { budget })));
    expect(store.most.bytes).toBeGreaterThan(8 * MIB);
    expect(store.most.bytes).toBeLessThanOrEqual(24 * MIB);
  });

  test.each([1, 2])(
    'an upload told to has at most %d parts in flight, however large the budget',
    async (concurrency) => {
      const store = new CountingStore();
      await upload(store, 'a', large, { budget: new PartBudget(1_000 * MIB), concurrency });
      expect(store.most.partsOfOne).toBe(concurrency);
    },
  );

  test('a budget smaller than a part still takes the stream', async () => {
    await upload(new MemoryStore(), 'a', large, { budget: new PartBudget(1) });
  });

  test('the source is not read ahead of the store', async () => {
    const memory = new MemoryStore();
    const store = new FaultyStore(memory, [{ on: 'uploadPart', effect: 'stall' }]);
    let readBytes = 0;
    const source = async function* () {
      for (;;) {
        readBytes += MIB;
        yield large.subarray(0, MIB);
      }
    };
    const stop = new AbortController();
    const uploading = StreamUpload.begin(store, 'a', { budget: new PartBudget(16 * MIB), signal: stop.signal });
    const receiving = uploading.receive(source());
    while (store.fired.length < 2) await new Promise(setImmediate);
    for (let i = 0; i < 1_000; i += 1) await new Promise(setImmediate);
    expect(readBytes).toBeLessThanOrEqual(17 * MIB);
    stop.abort(new Error('enough'));
    await expect(receiving).rejects.toThrow('enough');
  });

  test('many small streams received before any is completed do not block each other', async () => {
    const store = new MemoryStore();
    const budget = new PartBudget(16 * MIB);
    const uploads = Array.from({ length: 20 }, (_, i) => StreamUpload.begin(store, `k${i}`, { budget }));
    const received = await Promise.all(uploads.map((u) => u.receive(streamOf(large.subarray(0, 100_000)))));
    await Promise.all(uploads.map((u, i) => u.complete(VerifiedStream.of(received[i], [finished]))));
    expect(store.keys()).toHaveLength(20);
  });

  test('a budget is whole again after success and after failure', async () => {
    const budget = new PartBudget(32 * MIB);
    await upload(new MemoryStore(), 'a', large, { budget });
    const failing = new FaultyStore(new MemoryStore(), [{ on: 'uploadPart', nth: 2, effect: 'fail' }]);
    await expect(upload(failing, 'a', large, { budget })).rejects.toThrow();
    expect(budget.tryReserve(32 * MIB)).toBeDefined();
  });
});

/** Counts what is in flight. */
class CountingStore extends MemoryStore implements ObjectStore {
  readonly most = { bytes: 0, partsOfOne: 0 };
  private bytes = 0;

  override async createMultipart(key: string): Promise<MultipartUpload> {
    const upload = await super.createMultipart(key, {});
    let parts = 0;
    return {
      ...upload,
      uploadPart: async (partNumber, part) => {
        this.bytes += part.sizeBytes;
        parts += 1;
        this.most.bytes = Math.max(this.most.bytes, this.bytes);
        this.most.partsOfOne = Math.max(this.most.partsOfOne, parts);
        for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
        this.bytes -= part.sizeBytes;
        parts -= 1;
        return upload.uploadPart(partNumber, part);
      },
    };
  }
}

/** Its parts notice the signal late, as requests on a socket do. */
class SlowToGiveUp extends MemoryStore implements ObjectStore {
  constructor(private readonly happened: string[]) {
    super();
  }

  override async createMultipart(key: string): Promise<MultipartUpload> {
    const upload = await super.createMultipart(key, {});
    return {
      ...upload,
      uploadPart: async () => {
        this.happened.push('part begun');
        for (let i = 0; i < 200; i += 1) await new Promise(setImmediate);
        this.happened.push('part ended');
        throw new Error('the socket was closed');
      },
      abort: async () => {
        await upload.abort();
        this.happened.push('aborted');
      },
    };
  }
}

function randomOffsets(count: number): number[] {
  return Array.from({ length: count }, () => random.below(large.length));
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
