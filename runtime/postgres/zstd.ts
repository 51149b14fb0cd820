import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { BackupError } from '../errors';
import { pathDirectories } from './tool-directories';

/** The stock compressor, by absolute path. */
export interface Zstd {
  readonly program: string;
  /** `1.5.4`. */
  readonly version: string;
}

const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Finds `zstd` on PATH.
 *
 * @throws BackupError `tool-missing`, saying what to install.
 */
export async function findZstd(env: NodeJS.ProcessEnv = process.env): Promise<Zstd> {
  for (const directory of [...pathDirectories(env), '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']) {
    const program = path.join(directory, 'zstd');
    const version = await zstdVersion(program);
    if (version !== undefined) return { program, version };
  }
  throw new BackupError('tool-missing', 'no zstd found', {
    detail: 'looked in PATH, /usr/bin, /usr/local/bin and /opt/homebrew/bin',
    hint: 'Install it: "apt-get install zstd" or "brew install zstd".',
  });
}

async function zstdVersion(program: string): Promise<string | undefined> {
  try {
    await access(program, constants.X_OK);
  } catch {
    return undefined; // Not here: the next directory may have it.
  }
  return new Promise((resolve) => {
    const options = { timeout: ANSWER_TIMEOUT_MS, env: { LC_ALL: 'C' } };
    // "*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***", in older versions "zstd command line interface …".
    execFile(program, ['--version'], options, (error, stdout) =>
      resolve(error ? undefined : /\bv(\d+\.\d+\.\d+)\b/.exec(stdout)?.[1]),
    );
  });
}
