/** Memory does not grow with the database: 2 GB through every process of a run. Needs 8 GB of disk and some minutes. */
import { Lab } from '../support/lab';
import { fillDatabase, measureRuns, MEMORY_LIMIT_BYTES } from '../support/memory-of-runs';

it('a stream of 2 GB passes through at most 200 MiB of memory, in all processes of a run together', async () => {
  const lab = await Lab.start();
  try {
    await fillDatabase(lab, 'bulk', 2_000_000_000);
    const runs = await measureRuns(lab, 'bulk');
    process.stdout.write(
      `${runs.map(({ what, peakBytes }) => `${what} ${Math.round(peakBytes / 2 ** 20)} MiB`).join(', ')}\n`,
    );
    for (const run of runs) expect(run.peakBytes).toBeLessThanOrEqual(MEMORY_LIMIT_BYTES);
  } finally {
    await lab.stop();
  }
}, 1_800_000);
