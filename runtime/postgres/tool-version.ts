import { execFile } from 'node:child_process';

/** Asks a program what version it is. */

export interface ToolVersion {
  readonly major: number;
  /** `17.12`, or `18beta1`. */
  readonly version: string;
}

const ANSWER_TIMEOUT_MS = 10_000;

/** What `program --version` says; nothing when it cannot be run or says something else. */
export async function toolVersion(program: string): Promise<ToolVersion | undefined> {
  const answer = await run(program);
  return answer === undefined ? undefined : parseToolVersion(answer);
}

/** Reads `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`. */
export function parseToolVersion(answer: string): ToolVersion | undefined {
  const match = /^\S+ \(PostgreSQL\) ((\d+)(?:\.\d+)*(?:devel|(?:alpha|beta|rc)\d+)?)(?=\s|$)/.exec(answer);
  return match ? { version: match[1], major: Number(match[2]) } : undefined;
}

async function run(program: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    // A bare environment: neither settings nor credentials of ours concern a program that is asked for its version.
    const options = { timeout: ANSWER_TIMEOUT_MS, env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' } };
    execFile(program, ['--version'], options, (error, stdout) => resolve(error ? undefined : stdout.trim()));
  });
}
