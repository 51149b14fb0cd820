/** The process that stands for a container: our own program, as the image's entry point runs it, with the container's command. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

const PROGRAM = path.join(__dirname, '..', '..', '..', 'assets', 'cli', 'postgres-backup.js');

export interface ContainerRun {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface ContainerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What Docker and Fargate say of a process that a signal ended. */
const SIGNAL_EXIT = 128;
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

export function startContainer({ command, env }: ContainerRun): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...command], { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

export function exitOf(child: ChildProcess): Promise<ContainerExit> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

/** As ECS reports it. */
export function exitCode({ code, signal }: ContainerExit): number {
  return code ?? SIGNAL_EXIT + (SIGNAL_NUMBERS[signal ?? ''] ?? 0);
}
