import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { BackupError } from '../../../errors';
import { pathDirectories } from '../../../postgres/tool-directories';

/** Stock GNU tar, by absolute path. */
export interface Tar {
  readonly program: string;
  /** `1.34`. */
  readonly version: string;
  /** Options with which this one keeps access control lists and extended attributes, as far as it was built for it. */
  readonly attributes: readonly string[];
}

const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Finds GNU tar on PATH, as `gtar` or `tar`; others do not know holes and nanoseconds.
 *
 * @throws BackupError `tool-missing`, saying what to install.
 */
export async function findTar(env: NodeJS.ProcessEnv = process.env): Promise<Tar> {
  for (const directory of [...pathDirectories(env), '/usr/bin', '/bin', '/usr/local/bin', '/opt/homebrew/bin']) {
    for (const name of ['gtar', 'tar']) {
      const program = path.join(directory, name);
      const version = /^tar \(GNU tar\) (\d+\.\d+)/.exec((await ask(program, '--version')) ?? '')?.[1];
      if (version !== undefined) return { program, version, attributes: await attributesOf(program) };
    }
  }
  throw new BackupError('tool-missing', 'no GNU tar found', {
    detail: 'looked for gtar and tar in PATH, /usr/bin, /bin, /usr/local/bin and /opt/homebrew/bin',
    hint: 'Install it: "apt-get install tar" or "brew install gnu-tar".',
  });
}

async function attributesOf(program: string): Promise<string[]> {
  const help = (await ask(program, '--help')) ?? '';
  return ['--acls', '--xattrs'].filter((option) => help.includes(option));
}

async function ask(program: string, question: string): Promise<string | undefined> {
  try {
    await access(program, constants.X_OK);
  } catch {
    return undefined; // Not here: the next directory may have it.
  }
  return new Promise((resolve) => {
    const options = { timeout: ANSWER_TIMEOUT_MS, env: { LC_ALL: 'C' } };
    execFile(program, [question], options, (error, stdout) => resolve(error ? undefined : stdout));
  });
}
