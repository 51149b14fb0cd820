/** In which order what was received is archived, and what is said of it. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WalArchive } from '../../../../runtime/wal/archive';
import { ReceivedFiles } from '../../../../runtime/wal/receive/received-files';
import { Uploader } from '../../../../runtime/wal/receive/uploader';
import type { ObjectStore } from '../../../../runtime/store/store';
import { failureOf } from '../../../support/failure-of';
import { FaultyStore } from '../../../support/faulty-store';
import { MemoryStore } from '../../../support/memory-store';
import { nameOf, SEGMENT_BYTES, segmentBytesOf, SYSTEM } from '../support/segments';

const at = (number: number) => BigInt(number * SEGMENT_BYTES);

let directory: string;
let store: MemoryStore;
let uploader: Uploader;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-uploader-'));
  store = new MemoryStore();
  uploader = uploaderTo(store);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function uploaderTo(store: ObjectStore): Uploader {
  const options = { source: 'orders', systemIdentifier: SYSTEM, segmentBytes: SEGMENT_BYTES };
  const context = { store, signal: new AbortController().signal, now: () => new Date(0) };
  return new Uploader(new ReceivedFiles(directory), options, context, at(3));
}

const received = (number: number, suffix = '') =>
  writeFile(path.join(directory, `${nameOf(number)}${suffix}`), segmentBytesOf(number));

test('the part of a segment waits for the full ones before it, and is not said to be archived till then', async () => {
  await received(3);
  await received(4, '.partial');
  await uploader.pushUnfinished();
  expect(await new WalArchive(store, 'orders').partials(SYSTEM)).toEqual([]);
  expect([uploader.archivedTo, uploader.released]).toEqual([at(3), at(3)]);
  await uploader.pushFinished();
  await uploader.pushUnfinished();
  expect(uploader.released).toBe(at(4));
  expect(uploader.archivedTo).toBeGreaterThan(at(4));
  expect(uploader.counts).toEqual({ segments: 1, partials: 1 });
});

test('a full segment that is not the next one is refused: it would be a gap', async () => {
  await received(4);
  expect(await failureOf(uploader.pushFinished())).toMatchObject({ code: 'wal-missing' });
  expect(uploader.released).toBe(at(3));
});

test('full segments are archived in order: where one fails, nothing behind it is, and the next time goes on there', async () => {
  for (const number of [3, 4, 5, 6]) await received(number);
  const failing = new FaultyStore(store, [{ on: 'put', key: new RegExp(nameOf(4)), nth: 1, effect: 'fail' }]);
  uploader = uploaderTo(failing);
  expect(await failureOf(uploader.pushFinished())).toMatchObject({ code: 'store-unreachable' });
  expect(await archived()).toEqual([at(3)]);
  expect([uploader.released, (await readdir(directory)).length]).toEqual([at(4), 3]);
  await uploader.pushFinished();
  expect(await archived()).toEqual([at(3), at(4), at(5), at(6)]);
  expect([uploader.released, await readdir(directory)]).toEqual([at(7), []]);
});

test('one that is not fit to be archived fails when its turn comes, after those before it', async () => {
  await received(3);
  await writeFile(path.join(directory, nameOf(4)), segmentBytesOf(5));
  expect(await failureOf(uploader.pushFinished())).toMatchObject({ code: 'wal-damaged' });
  expect(await archived()).toEqual([at(3)]);
});

async function archived(): Promise<bigint[]> {
  const ranges = await new WalArchive(store, 'orders').coveredRanges(SYSTEM, 1, SEGMENT_BYTES);
  return ranges.flatMap(({ from, to }) =>
    Array.from({ length: Number(to - from) / SEGMENT_BYTES }, (_, index) => from + at(index)),
  );
}
