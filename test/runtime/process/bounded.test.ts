/** Several jobs at once, never more than allowed; the first failure ends them all. */
import fc from 'fast-check';
import { setImmediate as soon } from 'node:timers/promises';
import { runBounded } from '../../../runtime/process/bounded';

const nothing = (): void => undefined;

it('every job is done once, at most so many at a time, the results in the order of the jobs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 20 }), fc.integer({ min: 1, max: 6 }), async (jobs, limit) => {
      let running = 0;
      let most = 0;
      const work = async (turns: number, index: number): Promise<number> => {
        most = Math.max(most, ++running);
        for (let turn = 0; turn < turns; turn++) await soon();
        running--;
        return index;
      };
      expect(await runBounded(jobs, limit, work, nothing)).toEqual(jobs.map((_, index) => index));
      expect(most).toBeLessThanOrEqual(limit);
    }),
    { seed: 2, numRuns: 60 },
  );
});

it('the first failure is told at once, starts nothing more, waits for the others, and is what is thrown', async () => {
  const told: unknown[] = [];
  const begun: number[] = [];
  let otherEnded = false;
  const work = async (job: number): Promise<void> => {
    begun.push(job);
    if (job === 1) throw new Error('first');
    while (told.length === 0) await soon();
    await soon();
    otherEnded = true;
    throw new Error('second');
  };
  await expect(runBounded([0, 1, 2, 3], 2, work, (error) => told.push(error))).rejects.toThrow('first');
  expect(told).toHaveLength(1);
  expect(begun).toEqual([0, 1]);
  expect(otherEnded).toBe(true);
});
