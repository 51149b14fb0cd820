import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** What one run of a command cost. */
export interface Cost {
  readonly wallSeconds: number;
  /** User and system time of the command and all it started and waited for: the client, not the servers. */
  readonly cpuSeconds: number;
  /** Most memory that the whole process tree held at once, shared pages split among those who share them; sampled. */
  readonly peakBytes: number;
}

const SAMPLE_MS = 50;

/**
 * Runs a shell command and measures it with the shell's own `time`. With `pipefail`: a contender that fails is no contender.
 * Throws, with what it said, unless it ends with 0.
 */
export async function timedRun(command: string, env: NodeJS.ProcessEnv): Promise<Cost> {
  const script = `set -o pipefail; TIMEFORMAT='%R %U %S'; time { ${command} ; }`;
  const child = spawn('bash', ['-c', script], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  let peakBytes = 0;
  const sampling = setInterval(() => (peakBytes = Math.max(peakBytes, treeBytes(child.pid as number))), SAMPLE_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(sampling);
  const times = /([\d.]+) ([\d.]+) ([\d.]+)\s*$/.exec(said);
  if (code !== 0 || !times) throw new Error(`\`${command}\` ended with ${code}:\n${said}`);
  return { wallSeconds: Number(times[1]), cpuSeconds: Number(times[2]) + Number(times[3]), peakBytes };
}

/** Proportional set size of a process and everything below it, without the shell at its root. Linux only; 0 elsewhere. */
export function treeBytes(root: number): number {
  const parents = new Map<number, number>();
  for (const name of processIds()) {
    const parent = /^\d+ \(.*\) \S (\d+)/s.exec(readProc(`${name}/stat`))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && (parents.get(pid) === root || isBelow(parents.get(pid)));
  return [...parents.keys()].filter(isBelow).reduce((sum, pid) => sum + proportionalBytes(pid), 0);
}

function processIds(): string[] {
  return process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
}

function proportionalBytes(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readProc(`${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
}

/** Empty for a process that ended meanwhile. */
function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}
