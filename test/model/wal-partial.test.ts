/** Parts of segments: what they are called, and how far the log reaches with them. */
import {
  CoveredLog,
  longestPartials,
  parseWalPartialKey,
  partialsToExpire,
  segmentAt,
  walPartialKey,
  type WalPartial,
} from '../../model';

const SYSTEM = '7564537891234567890';
const SIZE = 1024 * 1024;
const MB = BigInt(SIZE);

const part = (number: number, lengthBytes: number, timeline = 1): WalPartial => ({
  segment: segmentAt(timeline, BigInt(number) * MB, SIZE),
  timeline,
  lengthBytes,
});
const whole = (numbers: readonly number[], timeline = 1) =>
  numbers.map((number) => ({ name: segmentAt(timeline, BigInt(number) * MB, SIZE), timeline }));

test('a key is read back as it was made, and nothing else is one', () => {
  const partial = part(4, 0xa2f8);
  const key = walPartialKey('orders', SYSTEM, partial);
  expect(key).toBe(`orders/wal/${SYSTEM}/partials/000000010000000000000004-0000A2F8.zst`);
  expect(parseWalPartialKey('orders', SYSTEM, key)).toEqual(partial);
  for (const other of [
    key.replace('0000A2F8', '00000000'),
    key.replace('A2F8', 'a2f8'),
    key.replace('orders', 'billing'),
    `${key}.json`,
    key.replace('-', '.partial-'),
  ]) {
    expect(parseWalPartialKey('orders', SYSTEM, other)).toBeUndefined();
  }
});

describe('the log reaches', () => {
  const reach = (log: CoveredLog, timeline: number) =>
    log.endsFrom(1, 3n * MB, 3n * MB).find((end) => end.timeline === timeline)?.to;

  test('to the end of the longest part of its last segment', () => {
    const log = new CoveredLog(SIZE, whole([3, 4]), new Map(), [part(5, 100), part(5, 700), part(4, 900)]);
    expect(reach(log, 1)).toBe(5n * MB + 700n);
  });

  test('no further than to a gap, whatever part there is of what is missing', () => {
    const log = new CoveredLog(SIZE, whole([3, 5]), new Map(), [part(4, 700)]);
    expect(reach(log, 1)).toBe(4n * MB);
  });

  test('onto a timeline of which there is no whole segment yet', () => {
    const histories = new Map([[2, [{ timeline: 1, switchedAt: 4n * MB + 300n }]]]);
    const log = new CoveredLog(SIZE, whole([3]), histories, [part(4, 500, 2), part(4, 400)]);
    expect(reach(log, 2)).toBe(4n * MB + 500n);
    expect(reach(log, 1)).toBe(4n * MB + 400n);
  });

  test('not by a part of the old timeline where the new one goes on further', () => {
    const histories = new Map([[2, [{ timeline: 1, switchedAt: 5n * MB + 300n }]]]);
    const log = new CoveredLog(SIZE, whole([3]), histories, [part(4, 500), part(5, 400, 2)]);
    expect(reach(log, 2)).toBe(4n * MB);
  });
});

describe('what is missing is no end of the log', () => {
  const histories = new Map([[2, [{ timeline: 1, switchedAt: 6n * MB + 300n }]]]);

  test.each([
    ['a later segment', whole([3, 5]), [], 1],
    ['a part of a later one', whole([3]), [part(5, 700)], 1],
    ['a later one of the timeline that it comes from, and none of its own', whole([3, 5]), [], 2],
    ['a part of one of its own', whole([3]), [part(6, 700, 2)], 2],
  ])('where there is %s', (_what, segments, parts, target) => {
    const log = new CoveredLog(SIZE, segments, histories, parts);
    expect(log.endsFrom(1, 3n * MB, 3n * MB).find(({ timeline }) => timeline === target)?.to ?? 4n * MB).toBe(4n * MB);
    expect(log.goesOnAfter(4n * MB, target)).toBe(true);
  });

  test.each([
    ['nothing', whole([3]), [], 1],
    ['the part of a segment alone', whole([3]), [part(4, 700)], 1],
    ['what the old timeline wrote after it was left', whole([3, 4, 5, 6, 7]), [part(8, 5)], 2],
  ])('it is where there is %s behind it', (_what, segments, parts, target) => {
    const log = new CoveredLog(SIZE, segments, histories, parts);
    const [{ to }] = log.endsFrom(1, 3n * MB, 3n * MB).filter(({ timeline }) => timeline === 1);
    expect(log.goesOnAfter(target === 1 ? to : 6n * MB, target)).toBe(false);
  });
});

test('the longest part of each segment counts', () => {
  const longest = longestPartials([part(4, 10), part(4, 30), part(4, 20), part(5, 1)]);
  expect([...longest.values()].map(({ lengthBytes }) => lengthBytes)).toEqual([30, 1]);
});

test('without a time, or of one that nobody knows, nothing ends', () => {
  const stored = { ...part(4, 10), key: 'k', storedAt: new Date(0) };
  const names = new Set([stored.segment]);
  expect(partialsToExpire([stored], names, undefined, new Date())).toEqual([]);
  expect(() => partialsToExpire([stored], names, undefined, new Date(NaN))).toThrow(RangeError);
});
