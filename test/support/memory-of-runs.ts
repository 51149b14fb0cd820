/** How much memory whole runs of the command line take, with every process they start. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startCli, type RunningCli } from './cli';
import { nodeOptionsOfImage } from './image-node';
import { BUCKET, type Lab, type Place } from './lab';
import { processTree } from './processes';
import { residentTogether } from './resident-memory';

export interface MeasuredRun {
  readonly what: string;
  readonly code: number | null;
  /** The most that the processes held together at one moment. */
  readonly peakBytes: number;
  readonly samples: number;
}

export const MEMORY_LIMIT_BYTES = 200 * 1024 * 1024;

/** A table of so many bytes that no compressor makes smaller. */
export async function fillDatabase(lab: Lab, database: string, sizeBytes: number): Promise<void> {
  const rowBytes = 8_000;
  const rows = Math.ceil(sizeBytes / rowBytes);
  // COPY writes a byte as two hexadecimal digits, so half as many bytes make the stream.
  await lab.database(
    database,
    `CREATE EXTENSION pgcrypto;
     CREATE TABLE bulk (id int, bytes bytea); ALTER TABLE bulk ALTER bytes SET STORAGE EXTERNAL;
     INSERT INTO bulk SELECT i, (SELECT string_agg(gen_random_bytes(1000), '') FROM generate_series(1, 4) WHERE i = i) FROM generate_series(1, ${rows}) i;`,
  );
}

/** Backs the database up, verifies every byte, and restores it, each as a process of its own, with Node's flags as in the image. */
export async function measureRuns(lab: Lab, database: string): Promise<MeasuredRun[]> {
  const start = (args: readonly string[], place: Place) => startCli(lab, args, place, nodeOptionsOfImage());
  const again = { database: `${database} again` };
  return [
    await measure('backup', start(['backup', 'dump', '--jobs', '2', '--vault', `s3://${BUCKET}`], { database })),
    await measure('verify', start(['verify', 'latest', '--depth', 'read'], { database })),
    await measure('restore', start(['restore', 'latest', '--create'], again)),
  ];
}

async function measure(what: string, run: RunningCli): Promise<MeasuredRun> {
  let ended = false;
  let peakBytes = 0;
  let samples = 0;
  void run.ended.then(() => (ended = true));
  while (!ended) {
    peakBytes = Math.max(peakBytes, await residentTogether(await processTree(run.pid)));
    samples++;
    await sleep(50);
  }
  const { code, stderr } = await run.ended;
  if (code !== 0) throw new Error(`${what} ended with ${code}: ${stderr}`);
  return { what, code, peakBytes, samples };
}
