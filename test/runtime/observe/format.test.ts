import {
  formatAge,
  formatBytes,
  formatBytesOf,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatTime,
} from '../../../runtime/observe/format';

test.each([
  [0, '0 B'],
  [1, '1 B'],
  [812, '812 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [9_949, '9.9 kB'],
  [9_960, '10 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [41_000_000, '41 MB'],
  [1_900_082_200, '1.9 GB'],
  [5_497_558_138_880, '5.5 TB'],
  [48.8 * 1024 ** 4 * 1000, '54 PB'],
  [2_000_000e12, '2000 PB'],
])('%d bytes read as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test('an amount of a total tells the unit once when both share it', () => {
  expect(formatBytesOf(1_200_000_000, 1_900_000_000)).toBe('1.2 of 1.9 GB');
  expect(formatBytesOf(41_000_000, 1_900_000_000)).toBe('41 MB of 1.9 GB');
});

test.each([
  [-5, '0.0 s'],
  [800, '0.8 s'],
  [9_949, '9.9 s'],
  [9_950, '10 s'],
  [18_000, '18 s'],
  [59_499, '59 s'],
  [59_500, '1 min'],
  [72_000, '1 min 12 s'],
  [190_000, '3 min 10 s'],
  [3_599_600, '1 h'],
  [7_500_000, '2 h 5 min'],
  [86_400_000, '1 d'],
  [273_600_000, '3 d 4 h'],
])('%d ms read as %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test.each([
  ['2026-11-20T12:00:00Z', '0 s ago'],
  ['2026-11-20T11:59:42Z', '18 s ago'],
  ['2026-11-20T11:18:00Z', '42 min ago'],
  ['2026-11-20T07:00:00Z', '5 h ago'],
  ['2026-11-18T12:00:01Z', '47 h ago'],
  ['2026-11-18T12:00:00Z', '2 days ago'],
  ['2025-11-20T12:00:00Z', '365 days ago'],
  ['2026-11-20T17:00:00Z', 'in 5 h'],
])('at noon, %s is %s', (then, text) => {
  expect(formatAge(new Date(then), new Date('2026-11-20T12:00:00Z'))).toBe(text);
});

test('counts are grouped and numbers agree with their noun', () => {
  expect(formatCount(212_408)).toBe('212,408');
  expect(formatNumberOf(1, 'table')).toBe('1 table');
  expect(formatNumberOf(1_143, 'table')).toBe('1,143 tables');
  expect(formatNumberOf(2, 'index', 'indexes')).toBe('2 indexes');
});

test('times are told in UTC', () => {
  expect(formatTime(new Date('2026-11-20T03:10:03.9+01:00'))).toBe('2026-11-20 02:10:03 UTC');
});

test.each([
  [1, 'row', '1 row'],
  [2, 'row', '2 rows'],
  [1, 'entry', '1 entry'],
  [0, 'entry', '0 entries'],
  [2, 'day', '2 days'],
])('%d of "%s" reads as %s', (count, singular, text) => {
  expect(formatNumberOf(count, singular)).toBe(text);
});
