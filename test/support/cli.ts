/** The built command line, run as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { BUCKET, SOURCE, type Lab, type Place } from './lab';

const PROGRAM = path.join(__dirname, '../../assets/cli/postgres-backup.js');

export interface CliEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly ended: Promise<CliEnd>;
}

/** Starts it as somebody would on a laptop: vault, source, server and store in the environment. */
export function startCli(
  lab: Lab,
  args: readonly string[],
  place: Place = {},
  env: Readonly<Record<string, string>> = {},
): RunningCli {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '/tmp',
      POSTGRES_BACKUP_VAULT: `s3://${BUCKET}`,
      POSTGRES_BACKUP_SOURCE: SOURCE,
      ...lab.connection(place).env,
      ...lab.s3.environment,
      ...env,
    },
  });
  if (child.pid === undefined) throw new Error(`${PROGRAM} could not be started`);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = new Promise<CliEnd>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, ...output })),
  );
  return { pid: child.pid, child, ended };
}

export async function runCli(
  lab: Lab,
  args: readonly string[],
  place: Place = {},
  env: Readonly<Record<string, string>> = {},
): Promise<CliEnd> {
  return startCli(lab, args, place, env).ended;
}
