/** Names, positions and timelines of the log, against PostgreSQL's own rules. */
import fc from 'fast-check';
import {
  formatLsn,
  parseHistory,
  parseLsn,
  parseWalFile,
  parseWalKey,
  segmentAt,
  segmentsNeeded,
  segmentStart,
  stretchesOf,
  systemIdentifierProblem,
  walKey,
  type WalFile,
} from '../../model';

const SYSTEM = '7564537891234567890';
const MB = 1024 * 1024;
const lsns = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const sizes = fc.constantFrom(1, 2, 16, 64, 1024).map((megabytes) => megabytes * MB);

test('positions are read and written as PostgreSQL does', () => {
  expect(parseLsn('16/B374D848')).toBe(0x16_b374d848n);
  expect(formatLsn(0x16_b374d848n)).toBe('16/B374D848');
  expect(['', '0', '0/', '/0', '0/123456789', 'g/0', '0/0 '].map(parseLsn)).toEqual(Array(7).fill(undefined));
  fc.assert(fc.property(lsns, (lsn) => parseLsn(formatLsn(lsn)) === lsn));
  expect(() => formatLsn(-1n)).toThrow(RangeError);
});

test('a segment holds the position that it was named for, and begins where the one before it ends', () => {
  // As pg_walfile_name says.
  expect(segmentAt(1, 0x16_b374d848n, 16 * MB)).toBe('0000000100000016000000B3');
  expect(segmentAt(0x0a, 0x16_b374d848n, 1024 * MB)).toBe('0000000A0000001600000002');
  fc.assert(
    fc.property(lsns, sizes, (lsn, size) => {
      const start = segmentStart(segmentAt(7, lsn, size), size) as bigint;
      return start <= lsn && lsn < start + BigInt(size) && start % BigInt(size) === 0n;
    }),
  );
  expect(segmentStart('000000010000000000000100', 16 * MB)).toBeUndefined();
  expect(() => segmentAt(1, 0n, 3 * MB)).toThrow(RangeError);
});

test.each([
  ['000000010000000000000003', 'segment', 1],
  ['0000000A00000016000000B3.partial', 'partial', 10],
  ['000000010000000000000003.00000028.backup', 'backup', 1],
  ['0000000B.history', 'history', 11],
])('%s is a %s of timeline %d, and its key is read back', (name, kind, timeline) => {
  const file = parseWalFile(name) as WalFile;
  expect(file).toMatchObject({ kind, timeline, name });
  const key = walKey('orders', SYSTEM, file);
  expect(key).toMatch(/^orders\/wal\/7564537891234567890\/0000000[1AB]\/.*\.zst$/);
  expect(parseWalKey(key)).toEqual({ source: 'orders', systemIdentifier: SYSTEM, file });
});

test('nothing else is a name, so that no name can be a path', () => {
  const others = [
    '',
    '../x',
    '00000001000000000000000',
    '000000000000000000000003',
    '00000000.history',
    '00000001.history/..',
  ];
  expect([...others, '000000010000000000000003.tmp', '00000001000000000000000a'].map(parseWalFile)).toEqual(
    Array(8).fill(undefined),
  );
  fc.assert(fc.property(fc.string(), (name) => parseWalFile(name) === undefined));
});

test('keys of other folders, timelines and clusters are not taken for archived files', () => {
  const name = '000000010000000000000003';
  const keys = [
    `orders/wal/${SYSTEM}/00000002/${name}.zst`,
    `orders/wal/x/00000001/${name}.zst`,
    `orders/dump/${SYSTEM}/00000001/${name}.zst`,
    `orders/wal/${SYSTEM}/00000001/${name}`,
    `orders/wal/${SYSTEM}/conflicts/${name}-00.json`,
    'orders/wal',
  ];
  expect(keys.map(parseWalKey)).toEqual(Array(6).fill(undefined));
  expect(['0', '', '18446744073709551616', '-1', '1e3'].every(systemIdentifierProblem)).toBe(true);
  expect(systemIdentifierProblem('18446744073709551615')).toBeUndefined();
});

const HISTORY = '1\t0/5800000\tno recovery target specified\n\n# a comment\n2\t0/7000000\tbefore 2026\n';

test('a history file is read as PostgreSQL reads it', () => {
  expect(parseHistory(HISTORY)).toEqual([
    { timeline: 1, switchedAt: 0x5800000n },
    { timeline: 2, switchedAt: 0x7000000n },
  ]);
  const broken = ['', '# nothing', '1', '1 x', '2\t0/5\n1\t0/6', '1\t0/6\n2\t0/5', '0\t0/5', 'a\t0/5'];
  expect(broken.map(parseHistory)).toEqual(Array(broken.length).fill(undefined));
});

test('each part of the log is read from the timeline that it is of', () => {
  const origins = parseHistory(HISTORY) ?? [];
  expect(stretchesOf(3, origins, { from: 0x4000000n, to: 0x8000001n })).toEqual([
    { timeline: 1, from: 0x4000000n, to: 0x5800000n },
    { timeline: 2, from: 0x5800000n, to: 0x7000000n },
    { timeline: 3, from: 0x7000000n, to: 0x8000001n },
  ]);
  // The segment in which a timeline was left is read from the newer one.
  expect(segmentsNeeded(3, origins, { from: 0x4000000n, to: 0x8000001n }, 16 * MB)).toEqual([
    '000000010000000000000004',
    '000000020000000000000005',
    '000000020000000000000006',
    '000000030000000000000007',
    '000000030000000000000008',
  ]);
  // An end at a boundary needs nothing after it.
  expect(segmentsNeeded(1, [], { from: 0x4000001n, to: 0x5000000n }, 16 * MB)).toEqual(['000000010000000000000004']);
  expect(segmentsNeeded(1, [], { from: 5n, to: 5n }, 16 * MB)).toEqual([]);
  expect(() => segmentsNeeded(1, [], { from: 6n, to: 5n }, 16 * MB)).toThrow(RangeError);
});
