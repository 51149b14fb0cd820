/** What runs on this machine, as `ps` tells it: for finding a run's children, their arguments and their memory. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface ListedProcess {
  readonly pid: number;
  readonly parent: number;
  readonly residentBytes: number;
  readonly arguments: string;
}

const run = promisify(execFile);

/** A process and all that descend from it, now. */
export async function processTree(root: number): Promise<ListedProcess[]> {
  const { stdout } = await run('ps', ['-ww', '-e', '-o', 'pid=,ppid=,rss=,args='], { maxBuffer: 16 * 1024 * 1024 });
  const all = stdout.split('\n').flatMap((line): ListedProcess[] => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s(.*)$/s.exec(line);
    if (!match) return [];
    return [
      { pid: Number(match[1]), parent: Number(match[2]), residentBytes: Number(match[3]) * 1024, arguments: match[4] },
    ];
  });
  const tree = all.filter(({ pid }) => pid === root);
  for (const found of tree) tree.push(...all.filter(({ parent }) => parent === found.pid));
  return tree.filter(({ arguments: args }) => !args.startsWith('ps -ww'));
}

/** Whether there is a process of this number, one that nobody has waited for yet among them. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // Gone.
  }
}

/** On a machine that is busy with much else; less than a test may take, so that what was waited for is told. */
const PATIENCE_MS = 50_000;

/** Looks every few milliseconds until it is so. Fails when it was not for long, saying what was waited for. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(20);
  }
}
