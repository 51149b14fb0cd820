import { mirrorMany } from './many';

test('50,000 objects are mirrored and found unchanged in memory that does not hold them', async () => {
  const result = await mirrorMany(50_000);
  expect(result).toMatchObject({ firstCopied: 50_000, firstItems: 50_000, secondCopied: 0, secondItems: 50_000 });
  // Generous, for other machines' collectors.
  expect(result.secondPeakMiB).toBeLessThan(300);
}, 120_000);
