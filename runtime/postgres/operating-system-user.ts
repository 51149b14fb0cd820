import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BackupError } from '../errors';

/** Whom a server runs as. PostgreSQL refuses to run as root, so root lends it another user. */
export interface OperatingSystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** Nothing when this process is not root and can run a server itself. */
export async function serverUser(): Promise<OperatingSystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const user = await lookUp(name);
    if (user) return user;
  }
  throw new BackupError('configuration-invalid', 'PostgreSQL does not run as root, and there is no user to run it as', {
    detail: 'looked for the users postgres and nobody',
    hint: 'Run this command as another user.',
  });
}

async function lookUp(name: string): Promise<OperatingSystemUser | undefined> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((option) => promisify(execFile)('id', [option, name])));
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined; // No such user.
  }
}
