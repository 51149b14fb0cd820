/** What a push promises to PostgreSQL, which deletes the file as soon as it is told that it is archived. */
import { createHash } from 'node:crypto';
import files, { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseWalFile, walConflictKey, walKey, type WalFile } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import { WalArchive } from '../../../runtime/wal/archive';
import { pushWalFile, type PushedFile } from '../../../runtime/wal/push';
import { readSystemIdentifier } from '../../../runtime/wal/system-identifier';
import type { ObjectStore } from '../../../runtime/store/store';
import { failureOf } from '../../support/failure-of';
import { FaultyStore, type StoreFault, type StoreOperation } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import {
  makeDataDirectory,
  nameOf,
  OTHER_SYSTEM,
  SEGMENT_BYTES,
  segmentBytesOf,
  SYSTEM,
  writeSegment,
} from './support/segments';

let directory: string;
let data: string;
let store: MemoryStore;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-push-'));
  data = await makeDataDirectory(path.join(directory, 'data'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));
beforeEach(() => (store = new MemoryStore()));

const fileNamed = (name: string): WalFile => parseWalFile(name) as WalFile;
const keyOf = (name: string, system = SYSTEM): string => walKey('orders', system, fileNamed(name));

function push(file: string, into: ObjectStore = store, systemIdentifier = SYSTEM): Promise<PushedFile> {
  const context = { store: into, signal: new AbortController().signal, now: () => new Date(0) };
  return pushWalFile({ path: file, source: 'orders', systemIdentifier }, context);
}

/** Reads a file back as a restore does. */
async function fetched(name: string, from: ObjectStore = store): Promise<Buffer> {
  const target = path.join(directory, 'fetched');
  await new WalArchive(from, 'orders').fetch(SYSTEM, name, target, new AbortController().signal);
  return readFile(target);
}

test('what was pushed comes back byte for byte, from a key that a person finds', async () => {
  const file = await writeSegment(data, 3);
  const pushed = await push(file);
  expect(pushed).toMatchObject({ outcome: 'archived', key: `orders/wal/${SYSTEM}/00000001/${nameOf(3)}.zst` });
  expect(segmentBytesOf(3).equals(await fetched(nameOf(3)))).toBe(true);
  expect(store.keys()).toEqual([pushed.key]);
  expect((await store.head(pushed.key))?.metadata).toEqual({
    sha256: createHash('sha256').update(segmentBytesOf(3)).digest('hex'),
    'size-bytes': String(SEGMENT_BYTES),
  });
});

test.each(['00000002.history', '000000010000000000000003.00000028.backup'])('%s is archived too', async (name) => {
  const file = path.join(data, 'pg_wal', name);
  await writeFile(file, '1\t0/3000000\tno recovery target specified\n');
  await push(file);
  expect((await fetched(name)).toString()).toMatch(/no recovery target/);
});

test('the last segment of a timeline that was left is archived as .partial, beside the new one’s', async () => {
  const file = path.join(data, 'pg_wal', `${nameOf(4)}.partial`);
  await writeFile(file, segmentBytesOf(4));
  await push(file);
  await push(await writeSegment(data, 4, { timeline: 2, headerTimeline: 1 }));
  expect(store.keys()).toEqual([keyOf(`${nameOf(4)}.partial`), keyOf(nameOf(4, 2))]);
});

test('the same file again is a success that changes nothing', async () => {
  const file = await writeSegment(data, 5);
  await push(file);
  const stored = store.bytesOf(keyOf(nameOf(5)));
  expect(await push(file)).toMatchObject({ outcome: 'archived before' });
  expect(store.bytesOf(keyOf(nameOf(5)))).toBe(stored);
});

test('other content under the same name is refused, nothing is written over, and it is on record', async () => {
  await push(await writeSegment(data, 6));
  const stored = store.bytesOf(keyOf(nameOf(6)));
  const other = await writeSegment(data, 6, { seed: 99 });
  const error = await failureOf(push(other));
  expect(error).toMatchObject({ code: 'wal-conflict', exitCode: 1 });
  expect(await failureOf(push(other))).toMatchObject({ code: 'wal-conflict' });
  expect(store.bytesOf(keyOf(nameOf(6)))).toBe(stored);
  const sha256 = createHash('sha256')
    .update(segmentBytesOf(6, { seed: 99 }))
    .digest('hex');
  const record = store.bytesOf(walConflictKey('orders', SYSTEM, fileNamed(nameOf(6)), sha256));
  expect(JSON.parse(String(record))).toMatchObject({ file: nameOf(6), pushed: { sha256 } });
});

test('a history file is never written over', async () => {
  const file = path.join(data, 'pg_wal', '00000003.history');
  await writeFile(file, '1\t0/3000000\tfirst\n');
  await push(file);
  await writeFile(file, '1\t0/4000000\tsecond\n');
  expect(await failureOf(push(file))).toMatchObject({ code: 'wal-conflict' });
  expect((await fetched('00000003.history')).toString()).toMatch(/first/);
});

test('an object without a digest under the name proves nothing: could not verify', async () => {
  await store.put(keyOf(nameOf(7)), Buffer.from('something'));
  expect(await failureOf(push(await writeSegment(data, 7)))).toMatchObject({ code: 'upload-unconfirmed', exitCode: 3 });
});

describe('what is not fit to be archived is refused, and nothing is stored', () => {
  const cases: readonly [string, (file: string) => Promise<void>, RegExp][] = [
    ['an empty file', (file) => truncate(file, 0), /empty/],
    ['half a segment', (file) => truncate(file, SEGMENT_BYTES / 2), /524288 of 1048576/],
    ['more than a segment', (file) => truncate(file, SEGMENT_BYTES + 1), /1048577 of 1048576/],
    ['a file of zeros', (file) => writeFile(file, Buffer.alloc(SEGMENT_BYTES)), /does not begin as/],
    ['another segment under its name', (file) => writeFile(file, segmentBytesOf(9)), /begins at 0\/900000/],
    ['a later timeline’s', (file) => writeFile(file, segmentBytesOf(8, { headerTimeline: 2 })), /timeline 2/],
    ['a header without a size', (file) => writeFile(file, segmentBytesOf(8).fill(0, 32, 36)), /size of segments as 0/],
  ];
  test.each(cases)('%s', async (_what, damage, reason) => {
    const file = await writeSegment(data, 8);
    await damage(file);
    const error = await failureOf(push(file));
    expect(error.code).toBe('wal-damaged');
    expect(error.detail).toMatch(reason);
    expect(store.keys()).toEqual([]);
  });

  test('a segment of another cluster', async () => {
    const file = await writeSegment(data, 8, { systemIdentifier: OTHER_SYSTEM });
    expect(await failureOf(push(file))).toMatchObject({ code: 'wal-foreign' });
    expect(store.keys()).toEqual([]);
  });

  test.each([
    'postgresql.conf',
    '000000010000000000000003.tmp',
    '000000000000000000000003',
    '00000001000000000000000g',
  ])('a file called %s', async (name) => {
    const file = path.join(data, 'pg_wal', name);
    await writeFile(file, segmentBytesOf(3));
    expect(await failureOf(push(file))).toMatchObject({ code: 'usage' });
  });

  test('a file that is not there', async () => {
    expect(await failureOf(push(path.join(data, 'pg_wal', nameOf(77))))).toMatchObject({ code: 'wal-missing' });
  });
});

test('what is pushed at once, in memory that is used again, comes back each as itself', async () => {
  const numbers = Array.from({ length: 12 }, (_, index) => 40 + index);
  for (const some of [numbers.slice(0, 6), numbers.slice(6)]) {
    await Promise.all(some.map(async (number) => push(await writeSegment(data, number))));
  }
  for (const number of numbers) expect(segmentBytesOf(number).equals(await fetched(nameOf(number)))).toBe(true);
});

test('a file that ends before its size is not archived', async () => {
  const file = await writeSegment(data, 60);
  const handle = await open(file);
  const longer = { isFile: () => true, size: SEGMENT_BYTES + 1 };
  jest.spyOn(handle, 'stat').mockResolvedValue(longer as Awaited<ReturnType<typeof handle.stat>>);
  jest.spyOn(files, 'open').mockResolvedValueOnce(handle);
  expect(await failureOf(push(file))).toMatchObject({
    code: 'wal-missing',
    detail: `it ended after ${SEGMENT_BYTES} of ${SEGMENT_BYTES + 1} bytes`,
  });
  expect(store.keys()).toEqual([]);
});

test('two clusters that push the same names into one archive keep apart', async () => {
  const otherData = await makeDataDirectory(path.join(directory, 'other'), OTHER_SYSTEM);
  expect(await readSystemIdentifier(otherData)).toBe(OTHER_SYSTEM);
  await push(await writeSegment(data, 3));
  await push(await writeSegment(otherData, 3, { systemIdentifier: OTHER_SYSTEM }), store, OTHER_SYSTEM);
  expect(store.keys()).toEqual([keyOf(nameOf(3)), keyOf(nameOf(3), OTHER_SYSTEM)]);
});

describe('at every point at which a push can break', () => {
  // Every operation of the store that a push makes, and every way in which one ends badly; twice, for the repetition.
  const operations: readonly StoreOperation[] = ['put', 'head'];
  const errors = ['store-unreachable', 'upload-unconfirmed', 'store-conflict', 'store-denied'] as const;
  const points = operations.flatMap((on) =>
    [1, 2].flatMap((nth) =>
      (['fail', 'lose-answer'] as const).flatMap((effect) =>
        errors.map((code): StoreFault & { code: string } => ({
          ...{ on, nth, effect, code },
          error: () => new BackupError(code, `injected: ${code}`),
        })),
      ),
    ),
  );

  test.each(points.map((point) => [`${point.on} ${point.nth} ${point.effect} ${point.code}`, point] as const))(
    '%s: acknowledged means durable and equal, and PostgreSQL’s next try succeeds',
    async (_name, point) => {
      const file = await writeSegment(data, 10);
      const faulty = new FaultyStore(store, [point]);
      // PostgreSQL repeats until it is told that it is done.
      let acknowledged = false;
      for (let attempt = 1; attempt <= 3 && !acknowledged; attempt += 1) {
        acknowledged = await push(file, faulty).then(
          () => true,
          () => false,
        );
        if (acknowledged) expect(segmentBytesOf(10).equals(await fetched(nameOf(10)))).toBe(true);
      }
      expect(acknowledged).toBe(true);
      expect(store.keys()).toEqual([keyOf(nameOf(10))]);
    },
  );

  test('two pushers of one file both succeed, and it is stored once', async () => {
    const file = await writeSegment(data, 11);
    const outcomes = await Promise.all([push(file), push(file), push(file)]);
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['archived', 'archived before', 'archived before']);
    expect(store.keys()).toHaveLength(1);
  });

  test('of two pushers of other content one is refused', async () => {
    const here = await writeSegment(data, 12);
    const there = await writeSegment(await makeDataDirectory(path.join(directory, 'copy')), 12, { seed: 98 });
    const ends = await Promise.allSettled([push(here), push(there)]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
