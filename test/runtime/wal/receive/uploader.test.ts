/** In which order what was received is archived, and what is said of it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WalArchive } from '../../../../runtime/wal/archive';
import { ReceivedFiles } from '../../../../runtime/wal/receive/received-files';
import { Uploader } from '../../../../runtime/wal/receive/uploader';
import { failureOf } from '../../../support/failure-of';
import { MemoryStore } from '../../../support/memory-store';
import { nameOf, SEGMENT_BYTES, segmentBytesOf, SYSTEM } from '../support/segments';

const at = (number: number) => BigInt(number * SEGMENT_BYTES);

let directory: string;
let store: MemoryStore;
let uploader: Uploader;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-uploader-'));
  store = new MemoryStore();
  const options = { source: 'orders', systemIdentifier: SYSTEM, segmentBytes: SEGMENT_BYTES };
  const context = { store, signal: new AbortController().signal, now: () => new Date(0) };
  uploader = new Uploader(new ReceivedFiles(directory), options, context, at(3));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

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
