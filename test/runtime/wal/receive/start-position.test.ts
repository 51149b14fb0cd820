/** Where receiving begins: never behind what the archive lacks, and never with what it has. */
import { walKey, parseWalFile, segmentAt, type WalFile } from '../../../../model';
import { WalArchive } from '../../../../runtime/wal/archive';
import { archivedRanges, startOf, timelineAt } from '../../../../runtime/wal/receive/start-position';
import { MemoryStore } from '../../../support/memory-store';
import { SEGMENT_BYTES, SYSTEM } from '../support/segments';

const MB = BigInt(SEGMENT_BYTES);
const at = (number: number, timeline = 1) => segmentAt(timeline, BigInt(number) * MB, SEGMENT_BYTES);

const range = (from: number, to: number) => ({ from: BigInt(from) * MB, to: BigInt(to) * MB });

test.each([
  ['a new archive: as far back as the server keeps the log', [], 5n * MB + 40n, 5n],
  ['what the slot still keeps and is archived is not received again', [range(1, 9)], 5n * MB + 40n, 9n],
  ['no more than what is archived in one piece', [range(1, 7), range(8, 9)], 5n * MB + 40n, 7n],
  ['what is missing where the slot begins', [range(1, 5), range(6, 9)], 5n * MB + 40n, 5n],
  ['what the archive has of later alone', [range(7, 9)], 5n * MB + 40n, 5n],
  ['what no slot keeps is asked for all the same', [range(1, 3), range(4, 5)], 9n * MB + 40n, 5n],
  ['where the archive ends', [range(1, 5)], 5n * MB + 40n, 5n],
])('%s', (_what, archived, keptFrom, start) => {
  expect(startOf({ archived, keptFrom, segmentBytes: SEGMENT_BYTES })).toBe(start * MB);
});

describe('what is archived on the way to the server’s timeline', () => {
  const origins = [{ timeline: 1, switchedAt: 5n * MB + 300n }];
  const server = { systemIdentifier: SYSTEM, timeline: 2, origins, position: 9n * MB };

  async function rangesOf(names: readonly string[], of = server): Promise<unknown> {
    const store = new MemoryStore();
    for (const name of names)
      await store.put(walKey('orders', SYSTEM, parseWalFile(name) as WalFile), Buffer.from('x'));
    return archivedRanges(new WalArchive(store, 'orders'), of, SEGMENT_BYTES);
  }

  test('goes on in one piece where the older timeline was left', async () => {
    expect(await rangesOf([at(3), at(4), at(5, 2), at(6, 2)])).toEqual([range(3, 7)]);
  });

  test('what was archived of the older timeline later is of another history', async () => {
    expect(await rangesOf([at(3), at(4), at(5), at(6)])).toEqual([range(3, 5)]);
    expect(await rangesOf([at(3), at(4), at(5), at(6), at(7, 2)])).toEqual([range(3, 5), range(7, 8)]);
    expect(await rangesOf([at(6)])).toEqual([]);
  });

  test('holes stay holes', async () => {
    expect(await rangesOf([at(1), at(3), at(5, 2), at(7, 2)])).toEqual([
      range(1, 2),
      range(3, 4),
      range(5, 6),
      range(7, 8),
    ]);
  });

  test('nothing, of a server of which nothing is archived', async () => {
    expect(await rangesOf([])).toEqual([]);
    expect(await rangesOf([at(7)], { ...server, timeline: 1, origins: [] })).toEqual([range(7, 8)]);
  });

  test('the timeline is the one that holds the position', () => {
    expect([4n * MB, 5n * MB, 6n * MB].map((lsn) => timelineAt(lsn, server))).toEqual([1, 1, 2]);
  });
});
