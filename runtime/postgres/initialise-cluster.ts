import { spawn } from 'node:child_process';
import { chown, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { BackupError } from '../errors';
import type { OperatingSystemUser } from './operating-system-user';

/** Makes the data directory of a throw-away server with `initdb`. */

/** `trust` lets everybody on this machine in: only where nothing of worth is kept. */
export type Authentication = 'scram-sha-256' | 'trust';

export interface NewCluster {
  readonly initdb: string;
  readonly directory: string;
  readonly user: OperatingSystemUser | undefined;
  readonly superuser: string;
  readonly password: string;
  readonly authentication: Authentication;
}

/** The data directory of a throw-away server. */
export function dataDirectory(directory: string): string {
  return path.join(directory, 'data');
}

export async function initialiseCluster(cluster: NewCluster): Promise<void> {
  refuseSuperuser(cluster.superuser);
  // initdb takes a password from a file or a terminal; arguments are visible to everybody.
  const passwordFile = path.join(cluster.directory, 'password');
  await writeFile(passwordFile, `${cluster.password}\n`, { mode: 0o600, flag: 'wx' });
  if (cluster.user) await chown(passwordFile, cluster.user.uid, cluster.user.gid);
  await runInitdb(cluster, passwordFile);
  await rm(passwordFile);
}

/** initdb does not quote such names, and its message about them would hold the password. */
function refuseSuperuser(name: string): void {
  if (name !== '' && !/["$'\\]/.test(name)) return;
  throw new BackupError('configuration-invalid', `the superuser cannot be called ${JSON.stringify(name)}`, {
    hint: 'initdb takes no name that is empty or holds a quote, a backslash or a dollar sign.',
  });
}

async function runInitdb(cluster: NewCluster, passwordFile: string): Promise<void> {
  const child = spawn(
    cluster.initdb,
    [
      `--pgdata=${dataDirectory(cluster.directory)}`,
      `--username=${cluster.superuser}`,
      `--pwfile=${passwordFile}`,
      `--auth=${cluster.authentication}`,
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ],
    {
      ...cluster.user,
      cwd: cluster.directory,
      env: serverEnvironment(cluster.directory),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const exit = new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) =>
      resolve(code === 0 && signal === null ? undefined : `exit ${signal ?? code}`),
    );
  });
  const [failure, said, complained] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  if (failure === undefined) return;
  throw new BackupError('tool-failed', `initdb failed in ${cluster.directory}`, {
    detail: `${failure}\n${complained || said}`.trim(),
    hint: 'The user that runs PostgreSQL must be able to reach the directory.',
  });
}

/** What initdb and the server need of an environment, and nothing of ours. */
export function serverEnvironment(directory: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: directory, LC_ALL: 'C', TZ: 'UTC' };
}
