import { realpath } from 'node:fs/promises';
import path from 'node:path';

/** Where PostgreSQL's programs are looked for, most particular first. Only places; what is in them is asked elsewhere. */

/** Names one directory that is used instead of every other place. */
export const BINDIR_VARIABLE = 'POSTGRES_BACKUP_PG_BINDIR';

/** Directories that may hold programs of `major`, in the order in which they are to be tried. */
export function toolDirectories(major: number, env: NodeJS.ProcessEnv): string[] {
  const override = env[BINDIR_VARIABLE];
  if (override) return [override];
  return [...pathDirectories(env), ...installedDirectories(major)];
}

/** The absolute directories of PATH. A relative one would run whatever lies in the working directory. */
export function pathDirectories(env: NodeJS.ProcessEnv): string[] {
  return (env.PATH ?? '').split(path.delimiter).filter((directory) => path.isAbsolute(directory));
}

function installedDirectories(major: number): string[] {
  return [
    `/usr/lib/postgresql/${major}/bin`, // Debian, Ubuntu and the official image
    `/usr/pgsql-${major}/bin`, // RHEL and its kin, from the PostgreSQL project's packages
    `/opt/homebrew/opt/postgresql@${major}/bin`,
    `/usr/local/opt/postgresql@${major}/bin`,
    '/opt/homebrew/opt/libpq/bin',
    '/usr/local/opt/libpq/bin',
    `/Applications/Postgres.app/Contents/Versions/${major}/bin`,
  ];
}

/**
 * The file that would really run, or nothing when it is missing. Debian's `/usr/bin/pg_dump` is a script that chooses a
 * version by files in the home directory: the version it reports need not be the version that runs later, so it is no candidate.
 */
export async function realProgram(directory: string, name: string): Promise<string | undefined> {
  const program = path.join(directory, name);
  try {
    return path.basename(await realpath(program)) === 'pg_wrapper' ? undefined : program;
  } catch {
    return undefined; // Not there, or not ours to see: the next directory may have it.
  }
}
