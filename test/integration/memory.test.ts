/** Memory does not grow with the database. A small stream here; 2 GB in test/faults. */
import { Lab } from '../support/lab';
import { fillDatabase, measureRuns, MEMORY_LIMIT_BYTES } from '../support/memory-of-runs';

it('a stream of 160 MB passes through at most 200 MiB of memory, in all processes of a run together', async () => {
  const lab = await Lab.start();
  try {
    await fillDatabase(lab, 'bulk', 160_000_000);
    const runs = await measureRuns(lab, 'bulk');
    for (const run of runs) {
      expect(run.samples).toBeGreaterThan(3);
      expect(run.peakBytes).toBeGreaterThan(20_000_000);
      expect(`${run.what}: ${run.peakBytes <= MEMORY_LIMIT_BYTES ? 'bounded' : run.peakBytes}`).toBe(
        `${run.what}: bounded`,
      );
    }
  } finally {
    await lab.stop();
  }
}, 120_000);
