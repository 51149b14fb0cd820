/** Runs the bundled program: the very file that the image of a deployed task holds. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { claim } from './claim';

export const PROGRAM = path.join(__dirname, '..', '..', 'assets', 'cli', 'postgres-backup.js');

export interface ProgramRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MAXIMUM_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs it to its end. An exit code is an answer; not being startable, or being killed, is not. */
export function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ProgramRun> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, ...args],
      { env: { ...inherited(), ...env }, signal, maxBuffer: MAXIMUM_OUTPUT_BYTES },
      (error, stdout, stderr) => {
        const exitCode = child.exitCode;
        if (exitCode !== null) resolve({ exitCode, stdout, stderr });
        else reject(error ?? new Error(`postgres-backup ${args.join(' ')} ended without an exit code`));
      },
    );
  });
}

/** The one JSON document that `--json` prints. */
export function document<Document extends { readonly format: string }>(
  run: ProgramRun,
  format: Document['format'],
): Document {
  const parsed = JSON.parse(run.stdout) as { format?: unknown };
  claim(parsed.format === format, `the program answers with a ${format} document`, run.stdout.slice(0, 1_000));
  return parsed as Document;
}

/** What a program of the demonstration sees of this machine; its AWS settings and PG variables do not get in. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'POSTGRES_BACKUP_PG_BINDIR'];
  const found = names.flatMap((name): [string, string][] => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(found),
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
