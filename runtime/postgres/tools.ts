import { POSTGRES_MAJORS } from '../../model';
import { BackupError } from '../errors';
import { BINDIR_VARIABLE, realProgram, toolDirectories } from './tool-directories';
import { toolVersion, type ToolVersion } from './tool-version';

/** Stock client tools of one major version, by absolute path. */
export interface PostgresTools {
  readonly major: number;
  /** As `pg_dump --version` says: `17.12`. */
  readonly version: string;
  readonly pgDump: string;
  readonly pgDumpall: string;
  readonly pgRestore: string;
  readonly psql: string;
}

/**
 * Finds the client tools of exactly this major version: an older `pg_dump` refuses the server, a newer one writes what
 * the server it came from cannot read. Looks into `POSTGRES_BACKUP_PG_BINDIR` alone when it is set, else into PATH and the usual places.
 *
 * @throws BackupError `tool-missing`, saying what was found and what to install.
 */
export async function findTools(major: number, env: NodeJS.ProcessEnv = process.env): Promise<PostgresTools> {
  const seen: string[] = [];
  for (const directory of toolDirectories(major, env)) {
    const found = await clientToolsIn(directory);
    if (found?.major === major) return found;
    if (found) seen.push(`${found.version} in ${directory}`);
  }
  throw new BackupError('tool-missing', `no client tools of PostgreSQL ${major} found`, {
    detail: describeSearch(seen, env),
    hint: installHint('client', major),
  });
}

/**
 * Finds a `psql` of any supported version, the newest first in the usual places: enough to ask a server what it is
 * before {@link findTools} can be told its major version.
 */
export async function findPsql(env: NodeJS.ProcessEnv = process.env): Promise<Pick<PostgresTools, 'psql' | 'version'>> {
  for (const major of [...POSTGRES_MAJORS].reverse()) {
    for (const directory of toolDirectories(major, env)) {
      const psql = await realProgram(directory, 'psql');
      const found = psql && (await toolVersion(psql));
      if (found && found.major >= POSTGRES_MAJORS[0]) return { psql, version: found.version };
    }
  }
  throw new BackupError('tool-missing', 'no psql found', {
    detail: describeSearch([], env),
    hint: installHint('client', POSTGRES_MAJORS[POSTGRES_MAJORS.length - 1]),
  });
}

async function clientToolsIn(directory: string): Promise<PostgresTools | undefined> {
  const found = await programsIn(directory, ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']);
  if (!found) return undefined;
  const [pgDump, pgDumpall, pgRestore, psql] = found.programs;
  return { ...found.version, pgDump, pgDumpall, pgRestore, psql };
}

/** All of the named programs of a directory when they are there and of one version: a mixture is no set of tools. */
export async function programsIn(
  directory: string,
  names: readonly string[],
): Promise<{ version: ToolVersion; programs: string[] } | undefined> {
  const programs: string[] = [];
  for (const name of names) {
    const program = await realProgram(directory, name);
    if (program === undefined) return undefined;
    programs.push(program);
  }
  const [version, ...others] = await Promise.all(programs.map(toolVersion));
  return version && others.every((other) => other?.version === version.version) ? { version, programs } : undefined;
}

/** What was looked at, for the detail of an error. */
export function describeSearch(seen: readonly string[], env: NodeJS.ProcessEnv): string {
  const override = env[BINDIR_VARIABLE];
  const where = override ? `${BINDIR_VARIABLE} (${override})` : 'PATH and the usual places of installation';
  return `looked in ${where}; found ${seen.length > 0 ? seen.join(', ') : 'none'}`;
}

/** What to install for a major version, on the systems most people have. */
export function installHint(part: 'client' | 'server', major: number): string {
  const debian = part === 'client' ? `postgresql-client-${major}` : `postgresql-${major}`;
  return (
    `Install it: "apt-get install ${debian}" (where the distribution has another version, add the repository of ` +
    `apt.postgresql.org first) or "brew install postgresql@${major}"; or name the directory of its programs in ${BINDIR_VARIABLE}.`
  );
}
