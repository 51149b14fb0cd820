/** What would be lost with the server now, in seconds. */
import { LagClock } from '../../../../runtime/wal/receive/lag-clock';

test('nothing while all is archived; else since the oldest look at which the server was further', () => {
  const lag = new LagClock();
  expect(lag.seconds(0n, 0)).toBe(0);
  lag.saw(100n, 1_000);
  lag.saw(200n, 6_000);
  expect(lag.seconds(100n, 7_000)).toBe(1);
  lag.saw(200n, 11_000);
  expect(lag.seconds(150n, 11_000)).toBe(5);
  expect(lag.seconds(200n, 12_000)).toBe(0);
});

test('it goes on for days of silence in bounded memory, and is never too small', () => {
  const lag = new LagClock();
  for (let look = 0; look < 100_000; look += 1) lag.saw(BigInt(look + 1), look * 5_000);
  expect(lag.seconds(0n, 500_000_000)).toBe(500_000);
  expect(lag.seconds(500n, 500_000_000)).toBe(500_000 - 2_500);
  expect(lag.seconds(100_000n, 500_000_000)).toBe(0);
});
