import { POSTGRES_MAJORS } from '../../model';
import { BackupError } from '../errors';
import { toolDirectories } from './tool-directories';
import { describeSearch, installHint, programsIn } from './tools';

/** The programs that make and run a server, for a throw-away one. */
export interface ServerTools {
  readonly major: number;
  readonly version: string;
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

/**
 * Finds the server programs of a major version, or the newest there are.
 *
 * @throws BackupError `tool-missing`, saying what to install.
 */
export async function findServerTools(major?: number, env: NodeJS.ProcessEnv = process.env): Promise<ServerTools> {
  const seen = new Set<string>();
  for (const wanted of major === undefined ? [...POSTGRES_MAJORS].reverse() : [major]) {
    for (const directory of toolDirectories(wanted, env)) {
      const found = await programsIn(directory, ['initdb', 'postgres', 'pg_ctl']);
      if (!found) continue;
      const [initdb, postgres, pgCtl] = found.programs;
      if (found.version.major === wanted) return { ...found.version, initdb, postgres, pgCtl };
      seen.add(`${found.version.version} in ${directory}`);
    }
  }
  throw new BackupError('tool-missing', `no server programs of PostgreSQL ${major ?? 'any supported version'} found`, {
    detail: describeSearch([...seen], env),
    hint: installHint('server', major ?? POSTGRES_MAJORS[POSTGRES_MAJORS.length - 1]),
  });
}
