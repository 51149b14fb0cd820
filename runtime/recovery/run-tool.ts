/** Runs a small program to its end, as the server's user where need be. */
import { execFile } from 'node:child_process';
import { BackupError } from '../errors';
import type { OperatingSystemUser } from '../postgres/operating-system-user';

export interface ToolRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly user?: OperatingSystemUser;
  readonly cwd?: string;
  /** What it reads. @default nothing */
  readonly input?: string;
  readonly signal: AbortSignal;
  /** What its failure means. */
  readonly failure: (said: string) => BackupError;
}

const MAXIMUM_OUTPUT_BYTES = 16 * 1024 * 1024;

/** What it printed. */
export function runTool({ file, args, user, cwd, input = '', signal, failure }: ToolRun): Promise<string> {
  const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
  const options = { ...user, env, cwd: cwd ?? '/', signal, maxBuffer: MAXIMUM_OUTPUT_BYTES };
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else if (signal.aborted) reject(signal.reason as Error);
      else reject(failure(stderr.trim() || error.message));
    });
    // That it does not read to the end is told by how it ends.
    child.stdin?.on('error', () => undefined).end(input);
  });
}
