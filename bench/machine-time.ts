import { readFileSync } from 'node:fs';
import os from 'node:os';

/** Ticks of `/proc`, on every Linux there is. */
const TICKS_PER_SECOND = 100;

/** Processor time of the whole machine since it started, idle time left out. */
export function machineSeconds(): number {
  const milliseconds = os.cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return milliseconds / 1000;
}

/** Processor time of one process since it started. Linux only; 0 elsewhere. */
export function processSeconds(pid: number | undefined): number {
  if (process.platform !== 'linux' || pid === undefined) return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
