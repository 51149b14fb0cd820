import { RateMeter } from '../../../runtime/observe/rate-meter';

function metered(bytesAtSecond: (second: number) => number, seconds: number): { rate: RateMeter; bytes: number } {
  const rate = new RateMeter();
  for (let atMs = 0; atMs <= seconds * 1000; atMs += 10) rate.record(atMs, bytesAtSecond(atMs / 1000));
  return { rate, bytes: bytesAtSecond(seconds) };
}

test('nothing is claimed in the first second', () => {
  const { rate, bytes } = metered((second) => second * 5_000, 0.9);
  expect(rate.bytesPerSecond(900, bytes)).toBeUndefined();
});

test('a steady stream has its own rate', () => {
  const { rate, bytes } = metered((second) => second * 5_000, 30);
  expect(rate.bytesPerSecond(30_000, bytes)).toBeCloseTo(5_000);
});

test('what happened long ago no longer counts', () => {
  const { rate, bytes } = metered((second) => (second <= 60 ? second * 1e9 : 60e9 + (second - 60) * 100), 90);
  expect(rate.bytesPerSecond(90_000, bytes)).toBeCloseTo(100, 0);
});

test('a stall shows as a falling rate', () => {
  const { rate, bytes } = metered((second) => second * 1_000, 20);
  expect(rate.bytesPerSecond(60_000, bytes)).toBeLessThan(200);
});
