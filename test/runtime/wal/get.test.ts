/** What recovery is given, and what it must never be told: that the archive ends where it does not. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseWalFile, walKey, walPartialKey, type WalFile } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import type { ObjectStore } from '../../../runtime/store/store';
import { WalArchive } from '../../../runtime/wal/archive';
import { getWalFile, type GetOutcome, type GetRequest } from '../../../runtime/wal/get';
import { pushWalFile } from '../../../runtime/wal/push';
import { pushPartial } from '../../../runtime/wal/receive/push-partial';
import { Spool } from '../../../runtime/wal/spool';
import { failureOf } from '../../support/failure-of';
import { FaultyStore } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import {
  makeDataDirectory,
  nameOf,
  OTHER_SYSTEM,
  SEGMENT_BYTES,
  segmentBytesOf,
  SYSTEM,
  writeSegment,
  type SegmentOptions,
} from './support/segments';

let directory: string;
let data: string;
let target: string;
let store: MemoryStore;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-get-'));
  data = await makeDataDirectory(path.join(directory, 'data'));
  target = path.join(directory, 'RECOVERYXLOG');
});
afterAll(() => rm(directory, { recursive: true, force: true }));
beforeEach(async () => {
  store = new MemoryStore();
  await rm(target, { force: true });
});

const signal = new AbortController().signal;
const keyOf = (name: string): string => walKey('orders', SYSTEM, parseWalFile(name) as WalFile);

async function archived(numbers: readonly number[], options: SegmentOptions = {}): Promise<void> {
  for (const number of numbers) {
    const file = await writeSegment(data, number, options);
    await pushWalFile(
      { path: file, source: 'orders', systemIdentifier: SYSTEM },
      { store, signal, now: () => new Date(0) },
    );
  }
}

const archivedHistory = (timeline: number, text: string) => archivedFile(`0000000${timeline}.history`, text);

async function archivedFile(name: string, text: string): Promise<void> {
  const file = path.join(data, 'pg_wal', name);
  await writeFile(file, text);
  await pushWalFile(
    { path: file, source: 'orders', systemIdentifier: SYSTEM },
    { store, signal, now: () => new Date(0) },
  );
}

function get(name: string, request: Partial<GetRequest> = {}, from: ObjectStore = store): Promise<GetOutcome> {
  const whole = { name, target, systemIdentifier: SYSTEM, gapPatienceMs: 0, ...request };
  return getWalFile(new WalArchive(from, 'orders'), whole, signal);
}

/** Whether the target holds the n-th segment. */
async function holds(number: number, options: SegmentOptions = {}): Promise<boolean> {
  return segmentBytesOf(number, options).equals(await readFile(target));
}

test('an archived segment is given; after the last the archive ends', async () => {
  await archived([3, 4]);
  expect(await get(nameOf(4))).toBe('found');
  expect(await holds(4)).toBe(true);
  expect(await get(nameOf(5))).toBe('not archived');
  expect(await get('00000002.history')).toBe('not archived');
});

test('a name that no archive holds is not there', async () => {
  expect(await get('../../postgresql.conf')).toBe('not archived');
});

test('a segment that is missing before later ones is a gap, and not the end', async () => {
  await archived([3, 5]);
  expect(await failureOf(get(nameOf(4)))).toMatchObject({ code: 'wal-missing' });
  expect(await readdir(directory)).not.toContain('RECOVERYXLOG');
});

test('a segment that comes later than the next, as several are pushed at once, is waited for', async () => {
  await archived([3, 5]);
  const waiting = get(nameOf(4), { gapPatienceMs: 30_000 });
  await archived([4]);
  expect(await waiting).toBe('found');
});

test('what a newer timeline never had is no gap of it', async () => {
  await archived([3, 4, 5]);
  // Left in the middle of the fifth.
  await archivedHistory(2, '1\t0/580000\tno recovery target specified\n');
  await archived([5], { timeline: 2, headerTimeline: 1 });
  await archived([6], { timeline: 2 });
  expect(await get(nameOf(4, 2))).toBe('not archived');
  expect(await get(nameOf(5, 2))).toBe('found');
  store.delete(keyOf(nameOf(5, 2)));
  expect(await failureOf(get(nameOf(5, 2)))).toMatchObject({ code: 'wal-missing' });
});

test('without the history of its timeline it cannot be told, and that is not the end', async () => {
  await archived([6], { timeline: 2 });
  expect(await failureOf(get(nameOf(5, 2)))).toBeInstanceOf(BackupError);
});

describe('what cannot be read is not the end', () => {
  test('a refusal of what is there; of what is not there, as the listing says, it is the end', async () => {
    await archived([3]);
    await archivedFile(`${nameOf(3)}.00000028.backup`, 'START WAL LOCATION: 0/300028\n');
    const error = () => new BackupError('store-denied', 'injected');
    const denying = new FaultyStore(store, [{ on: 'get', effect: 'fail', error }]);
    expect(await failureOf(get(nameOf(3), {}, denying))).toMatchObject({ code: 'store-denied' });
    expect(await get(nameOf(4), {}, denying)).toBe('not archived');
    expect(await get('00000002.history', {}, denying)).toBe('not archived');
    const blind = new FaultyStore(denying, [{ on: 'list', effect: 'fail', error }]);
    expect(await failureOf(get(nameOf(4), {}, blind))).toMatchObject({ code: 'store-denied' });
  });

  test.each(['store-unreachable', 'store-missing', 'store-failed'] as const)('%s', async (code) => {
    await archived([3]);
    const faulty = new FaultyStore(store, [
      { on: 'get', effect: 'fail', error: () => new BackupError(code, 'injected') },
    ]);
    expect(await failureOf(get(nameOf(3), {}, faulty))).toMatchObject({ code });
    expect(await failureOf(get(nameOf(4), {}, faulty))).toMatchObject({ code });
  });

  test('a listing that fails after a segment was not found', async () => {
    const faulty = new FaultyStore(store, [{ on: 'list', effect: 'fail' }]);
    expect(await failureOf(get(nameOf(3), {}, faulty))).toMatchObject({ code: 'store-unreachable' });
  });
});

describe('what is not what was archived is refused, and recovery does not see it', () => {
  const damages: readonly [string, () => Promise<void>][] = [
    ['a flipped bit', async () => store.damage(keyOf(nameOf(3)), flipped)],
    ['a segment cut short', async () => store.damage(keyOf(nameOf(3)), (bytes) => bytes.subarray(0, -20))],
    ['nothing at all', async () => store.damage(keyOf(nameOf(3)), () => Buffer.alloc(0))],
    ['no compressed content', async () => store.damage(keyOf(nameOf(3)), () => Buffer.from('no zstd'))],
    ['another segment, digest and all', () => copy(keyOf(nameOf(4)), keyOf(nameOf(3)))],
    ['no digest', async () => void (await store.put(keyOf(nameOf(3)), store.bytesOf(keyOf(nameOf(3))) as Buffer))],
    ['a digest of something else', () => copy(keyOf(nameOf(3)), keyOf(nameOf(3)), { sha256: '0'.repeat(64) })],
    ['a size of something else', () => copy(keyOf(nameOf(3)), keyOf(nameOf(3)), { 'size-bytes': '4096' })],
  ];
  test.each(damages)('%s', async (_what, damage) => {
    await archived([3, 4]);
    await damage();
    expect(await failureOf(get(nameOf(3)))).toMatchObject({ code: 'wal-damaged' });
    expect((await readdir(directory)).filter((name) => name.startsWith('RECOVERYXLOG'))).toEqual([]);
  });

  test('a segment of another cluster in the place of its own', async () => {
    const other = await makeDataDirectory(path.join(directory, 'other'), OTHER_SYSTEM);
    const file = await writeSegment(other, 3, { systemIdentifier: OTHER_SYSTEM });
    const pushed = await pushWalFile(
      { path: file, source: 'orders', systemIdentifier: OTHER_SYSTEM },
      { store, signal, now: () => new Date(0) },
    );
    await copy(pushed.key, keyOf(nameOf(3)));
    const { code, detail } = await failureOf(get(nameOf(3)));
    expect(code).toBe('wal-damaged');
    expect(detail).toMatch(/another cluster/);
  });
});

describe('a segment that was not full when its server was lost', () => {
  const LENGTH = 4096;
  /** The n-th segment’s beginning, and zeros. */
  const partOf = (number: number, lengthBytes: number) => segmentBytesOf(number).subarray(0, lengthBytes);

  async function archivedPart(number: number, lengthBytes: number, timeline = 1): Promise<string> {
    const file = parseWalFile(`${nameOf(number, timeline)}.partial`) as WalFile;
    const log = partOf(number, lengthBytes);
    const request = { source: 'orders', systemIdentifier: SYSTEM, segmentBytes: SEGMENT_BYTES, file, log };
    const partial = await pushPartial(request, { store, signal, now: () => new Date(0) });
    return walPartialKey('orders', SYSTEM, partial);
  }

  test('is given at the end of the log: the longest part of it, and zeros after it', async () => {
    await archived([3]);
    await archivedPart(4, 100);
    await archivedPart(4, LENGTH);
    await archivedPart(4, 2000);
    expect(await get(nameOf(4))).toBe('found');
    const given = await readFile(target);
    expect(given).toHaveLength(SEGMENT_BYTES);
    expect(given.subarray(0, LENGTH).equals(partOf(4, LENGTH))).toBe(true);
    expect(given.subarray(LENGTH).every((byte) => byte === 0)).toBe(true);
    expect(await get(nameOf(5))).toBe('not archived');
  });

  test('is never given in the place of a whole one, nor where the log goes on behind it', async () => {
    await archived([3, 5]);
    await archivedPart(3, LENGTH);
    await archivedPart(4, LENGTH);
    expect(await get(nameOf(3))).toBe('found');
    expect(await holds(3)).toBe(true);
    expect(await failureOf(get(nameOf(4)))).toMatchObject({ code: 'wal-missing' });
  });

  test('does not follow a gap: what is missing before it is not the end, though nothing whole comes after', async () => {
    await archived([3]);
    await archivedPart(4, LENGTH);
    await archivedPart(6, LENGTH);
    for (const missing of [4, 5]) expect(await failureOf(get(nameOf(missing)))).toMatchObject({ code: 'wal-missing' });
    // Where the newer timeline begins with a part, what it never had is no gap of it.
    await archivedHistory(2, '1\t0/580000\tno recovery target specified\n');
    await archivedPart(5, LENGTH, 2);
    expect(await get(nameOf(4, 2))).toBe('not archived');
    expect(await get(nameOf(5, 2))).toBe('found');
  });

  test('is refused when it is damaged, and no shorter one takes its place', async () => {
    await archived([3]);
    await archivedPart(4, 2000);
    store.damage(await archivedPart(4, LENGTH), flipped);
    expect(await failureOf(get(nameOf(4)))).toMatchObject({ code: 'wal-damaged' });
  });

  test('is not given when the archive cannot be listed', async () => {
    await archivedPart(4, LENGTH);
    const blind = new FaultyStore(store, [{ on: 'list', effect: 'fail' }]);
    expect(await failureOf(get(nameOf(4), {}, blind))).toMatchObject({ code: 'store-unreachable' });
  });

  test('the same part again is a success, other content of the same length a conflict', async () => {
    await archivedPart(4, LENGTH);
    await archivedPart(4, LENGTH);
    const file = parseWalFile(`${nameOf(4)}.partial`) as WalFile;
    const log = Buffer.from(partOf(4, LENGTH));
    log[LENGTH - 1] ^= 1;
    const request = { source: 'orders', systemIdentifier: SYSTEM, segmentBytes: SEGMENT_BYTES, file };
    const context = { store, signal, now: () => new Date(0) };
    expect(await failureOf(pushPartial({ ...request, log }, context))).toMatchObject({ code: 'wal-conflict' });
    const foreign = segmentBytesOf(4, { systemIdentifier: OTHER_SYSTEM }).subarray(0, 300);
    expect(await failureOf(pushPartial({ ...request, log: foreign }, context))).toMatchObject({ code: 'wal-foreign' });
    const other = segmentBytesOf(5).subarray(0, 300);
    expect(await failureOf(pushPartial({ ...request, log: other }, context))).toMatchObject({ code: 'wal-damaged' });
  });
});

describe('segments that are fetched ahead', () => {
  let spool: Spool;
  const spoolDirectory = (): string => path.join(directory, 'spool');
  beforeEach(async () => {
    await rm(spoolDirectory(), { recursive: true, force: true });
    spool = await Spool.open(spoolDirectory(), 3);
  });

  test('the next ones need no store any more, in bounded space', async () => {
    await archived([3, 4, 5, 6, 7]);
    expect(await get(nameOf(3), { spool })).toBe('found');
    expect(await readdir(spoolDirectory())).toHaveLength(3);
    const dead = new FaultyStore(store, [{ on: 'get', effect: 'fail' }]);
    for (const number of [4, 5, 6]) {
      expect(await get(nameOf(number), { spool }, dead)).toBe('found');
      expect(await holds(number)).toBe(true);
    }
    expect(await failureOf(get(nameOf(7), { spool }, dead))).toMatchObject({ code: 'store-unreachable' });
  });

  test('one that was changed in the directory is fetched anew', async () => {
    await archived([3, 4]);
    await get(nameOf(3), { spool });
    const [kept] = await readdir(spoolDirectory());
    await writeFile(path.join(spoolDirectory(), kept), flipped(await readFile(path.join(spoolDirectory(), kept))));
    expect(await get(nameOf(4), { spool })).toBe('found');
    expect(await holds(4)).toBe(true);
  });

  test('one that is damaged in the archive is refused when its turn comes, and not before', async () => {
    await archived([3, 4, 5]);
    store.damage(keyOf(nameOf(4)), flipped);
    expect(await get(nameOf(3), { spool })).toBe('found');
    expect(await failureOf(get(nameOf(4), { spool }))).toMatchObject({ code: 'wal-damaged' });
  });

  test('another cluster’s are not taken', async () => {
    await archived([3, 4]);
    await get(nameOf(3), { spool });
    expect(await get(nameOf(4), { spool, systemIdentifier: OTHER_SYSTEM })).toBe('not archived');
  });

  test('a directory into which others may write is refused', async () => {
    const open = path.join(directory, 'open');
    await mkdir(open);
    await chmod(open, 0o777);
    expect(await failureOf(Spool.open(open, 3))).toMatchObject({ code: 'configuration-invalid' });
  });
});

function flipped(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed[bytes.length >> 1] ^= 4;
  return changed;
}

async function copy(from: string, to: string, changed: Record<string, string> = {}): Promise<void> {
  const metadata = { ...(await store.head(from))?.metadata, ...changed };
  await store.put(to, store.bytesOf(from) as Buffer, { metadata });
}
