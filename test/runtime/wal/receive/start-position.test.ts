/** Where receiving begins: never behind what is archived, and never before what the server keeps without a reason. */
import { walKey, parseWalFile, segmentAt, type WalFile } from '../../../../model';
import { WalArchive } from '../../../../runtime/wal/archive';
import { archivedTo, startOf, timelineAt } from '../../../../runtime/wal/receive/start-position';
import { MemoryStore } from '../../../support/memory-store';
import { SEGMENT_BYTES, SYSTEM } from '../support/segments';

const MB = BigInt(SEGMENT_BYTES);
const at = (number: number, timeline = 1) => segmentAt(timeline, BigInt(number) * MB, SEGMENT_BYTES);

test.each([
  ['a new archive: as far back as the server keeps the log', undefined, 5n * MB + 40n, 5n * MB],
  ['what the slot still keeps is received once more', 9n * MB, 5n * MB + 40n, 5n * MB],
  ['what no slot keeps is asked for all the same', 5n * MB, 9n * MB + 40n, 5n * MB],
  ['where the archive ends', 5n * MB, 5n * MB + 40n, 5n * MB],
])('%s', (_what, archived, keptFrom, start) => {
  expect(startOf({ archivedTo: archived, keptFrom, segmentBytes: SEGMENT_BYTES })).toBe(start);
});

describe('the end of the archive on the way to the server’s timeline', () => {
  const origins = [{ timeline: 1, switchedAt: 5n * MB + 300n }];
  const server = { systemIdentifier: SYSTEM, timeline: 2, origins, position: 9n * MB };

  async function endOf(names: readonly string[], of = server): Promise<bigint | undefined> {
    const store = new MemoryStore();
    for (const name of names)
      await store.put(walKey('orders', SYSTEM, parseWalFile(name) as WalFile), Buffer.from('x'));
    return archivedTo(new WalArchive(store, 'orders'), of, SEGMENT_BYTES);
  }

  test('on its own timeline', async () => {
    expect(await endOf([at(3), at(4), at(5, 2), at(6, 2)])).toBe(7n * MB);
  });

  test('on the one before, up to where it was left: what was archived of it later is of another history', async () => {
    expect(await endOf([at(3), at(4), at(5), at(6)])).toBe(5n * MB);
    expect(await endOf([at(3)])).toBe(4n * MB);
  });

  test('nowhere, of a server of which nothing is archived', async () => {
    expect(await endOf([])).toBeUndefined();
    expect(await endOf([at(7)], { ...server, timeline: 1, origins: [] })).toBe(8n * MB);
  });

  test('its timeline is the one that holds the position', () => {
    expect([4n * MB, 5n * MB, 6n * MB].map((lsn) => timelineAt(lsn, server))).toEqual([1, 1, 2]);
  });
});
