/** A mirror's memory does not grow with the number of objects: a million of them. */
import { mirrorMany } from '../runtime/components/objects/many';

it('1,000,000 objects are mirrored and found unchanged within the memory of 50,000', async () => {
  const few = await mirrorMany(50_000);
  const many = await mirrorMany(1_000_000);
  process.stdout.write(`50,000: ${few.secondPeakMiB} MiB, 1,000,000: ${many.secondPeakMiB} MiB\n`);
  expect(many).toMatchObject({ firstCopied: 1_000_000, secondCopied: 0, secondItems: 1_000_000 });
  expect(many.secondPeakMiB).toBeLessThan(few.secondPeakMiB + 100);
}, 1_800_000);
