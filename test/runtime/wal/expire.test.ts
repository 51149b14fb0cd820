/** The end of the log: what is marked, and what is never marked. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EXPIRY_TAG, formatLsn, METRICS, parseWalFile, walKey, walPartialKey, type WalFile } from '../../../model';
import { expireWal } from '../../../runtime/wal/expire';
import { pushWalFile } from '../../../runtime/wal/push';
import { failureOf } from '../../support/failure-of';
import { FaultyStore } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import { makeDataDirectory, nameOf, OTHER_SYSTEM, SEGMENT_BYTES, SYSTEM, writeSegment } from './support/segments';

const STORED = new Date('2026-11-01T00:00:00Z');
const NOW = new Date('2026-11-20T00:00:00Z');

let directory: string;
let store: MemoryStore;
let lines: string[];

beforeAll(async () => (directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-expire-'))));
afterAll(() => rm(directory, { recursive: true, force: true }));
beforeEach(() => {
  store = new MemoryStore(() => STORED);
  lines = [];
});

const keyOf = (number: number, system = SYSTEM): string =>
  walKey('orders', system, parseWalFile(nameOf(number)) as WalFile);
const signal = new AbortController().signal;

async function archive(numbers: readonly number[], systemIdentifier = SYSTEM): Promise<void> {
  const data = await makeDataDirectory(path.join(directory, systemIdentifier), systemIdentifier);
  for (const number of numbers) {
    const file = await writeSegment(data, number, { systemIdentifier });
    await pushWalFile({ path: file, source: 'orders', systemIdentifier }, { store, signal, now: () => NOW });
  }
}

/** As much of a base backup's manifest as is looked at. */
async function baseBackup(day: string, segment: number | undefined, systemIdentifier = SYSTEM): Promise<string> {
  const start = BigInt((segment ?? 0) * SEGMENT_BYTES) + 40n;
  const lsn = formatLsn(start);
  const wal = segment === undefined ? undefined : { systemIdentifier, timeline: 1, startLsn: lsn, stopLsn: lsn };
  const key = `orders/base-backup/daily/2026/11/${day}/202611${day}T020000Z-abcdef/manifest.json`;
  await store.put(key, Buffer.from(JSON.stringify({ format: 'postgres-backup/1', wal })));
  return key;
}

const expire = (from = store as ConstructorParameters<typeof FaultyStore>[0]) =>
  expireWal(from, 'orders', { signal, now: () => NOW, write: (line) => void lines.push(line) });

async function marked(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key, versionId } of store.versions('orders/')) {
    if ((await store.tags(key, versionId))[EXPIRY_TAG.key] === EXPIRY_TAG.value) found.push(key);
  }
  return found;
}

test('what lies before the oldest kept base backup is marked, in every version, and nothing else', async () => {
  await archive([3, 4, 5, 6]);
  await store.put(keyOf(4), Buffer.from('somebody wrote over it'));
  await baseBackup('10', 6);
  await baseBackup('05', 5);
  expect(await expire()).toBe(2);
  expect(await marked()).toEqual([keyOf(3), keyOf(4), keyOf(4)]);
  expect(lines.join('')).toContain(`"${METRICS.walExpired.name}":2`);
  // Once more changes nothing.
  expect(await expire()).toBe(2);
  expect(await marked()).toHaveLength(3);
});

test('a base backup that retention has marked keeps nothing any more', async () => {
  await archive([3, 4, 5, 6]);
  await store.tag(await baseBackup('05', 4), null, { [EXPIRY_TAG.key]: EXPIRY_TAG.value });
  await baseBackup('10', 6);
  await expire();
  expect(await marked()).toContain(keyOf(5));
});

test('without a kept base backup of its own cluster the log stays', async () => {
  await archive([3, 4]);
  await archive([3, 4], OTHER_SYSTEM);
  await baseBackup('10', 4, OTHER_SYSTEM);
  expect(await expire()).toBe(1);
  expect(await marked()).toEqual([keyOf(3, OTHER_SYSTEM)]);
});

test('a base backup that does not say what it needs keeps everything, and that is a failure', async () => {
  await archive([3, 4, 5]);
  await baseBackup('10', 5);
  await baseBackup('11', undefined);
  expect(await failureOf(expire())).toMatchObject({ code: 'manifest-invalid' });
  expect(await marked()).toEqual([]);
  expect(lines.join('')).toContain(`"${METRICS.retentionFailed.name}":1`);
});

test.each(['list', 'get', 'tags', 'head'] as const)(
  'when the store fails in %s nothing ends that should not',
  async (on) => {
    await archive([3, 4, 5]);
    await baseBackup('10', 4);
    for (const nth of [1, 2, 3]) {
      await expire(new FaultyStore(store, [{ on, nth, effect: 'fail' }])).catch(() => undefined);
      expect((await marked()).filter((key) => key !== keyOf(3))).toEqual([]);
    }
  },
);

describe('parts of segments', () => {
  async function part(number: number, lengthBytes: number): Promise<string> {
    const key = walPartialKey('orders', SYSTEM, { segment: nameOf(number), timeline: 1, lengthBytes });
    await store.put(key, Buffer.from('part'));
    return key;
  }

  test('end when more of their segment is archived, whole or in a longer part, also while no base backup is kept', async () => {
    await archive([3]);
    const ofWhole = await part(3, 500);
    const shorter = await part(4, 500);
    await part(4, 600);
    await expire();
    expect((await marked()).sort()).toEqual([ofWhole, shorter].sort());
  });

  test('end when no kept base backup needs them', async () => {
    await archive([5, 6]);
    await baseBackup('19', 5);
    // In it another timeline was begun: nothing more will come of it.
    const passed = await part(4, 500);
    await part(7, 500);
    await expire();
    expect(await marked()).toEqual([passed]);
  });

  test('are kept for an hour: somebody may be reading them', async () => {
    await archive([3]);
    await part(3, 500);
    const now = () => new Date(STORED.getTime() + 3_599_000);
    await expireWal(store, 'orders', { signal, now, write: () => undefined });
    expect(await marked()).toEqual([]);
  });
});
