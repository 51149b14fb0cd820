import { spawn } from 'node:child_process';
import type { Connection } from '../../runtime/postgres/connection';

/** Runs a script through psql, stopping at the first error; gives what it printed, bare. */
export async function runScript(psql: string, connection: Connection, script: string): Promise<string> {
  const args = ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1'];
  const ended = await runProgram(psql, args, { PATH: process.env.PATH ?? '', LC_ALL: 'C', ...connection.env }, script);
  if (ended.code !== 0) throw new Error(`psql ended with ${ended.code}: ${ended.stderr}`);
  return ended.stdout.trim();
}

export interface ProgramEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever that is. */
export async function runProgram(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string | Buffer = '',
): Promise<ProgramEnd> {
  const child = spawn(file, args, { env });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
    // A program that ended before it read everything is told by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
  return { code, ...output };
}
