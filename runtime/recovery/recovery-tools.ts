import { BackupError } from '../errors';
import { findTar, type Tar } from '../components/files/tar/find-tar';
import { serverUser, type OperatingSystemUser } from '../postgres/operating-system-user';
import { toolDirectories } from '../postgres/tool-directories';
import { describeSearch, findPsql, installHint, programsIn } from '../postgres/tools';
import { findZstd, type Zstd } from '../postgres/zstd';

/** Stock programs by absolute path, all of the server's own version. */
export interface RecoveryTools {
  readonly postgres: string;
  readonly pgCtl: string;
  readonly initdb: string;
  readonly pgVerifybackup: string;
  readonly pgWaldump: string;
  readonly pgControldata: string;
  /** Of PostgreSQL 17 and later. */
  readonly pgCombinebackup: string | undefined;
  readonly psql: string;
  readonly tar: Tar;
  readonly zstd: Zstd;
  /** Whom the server runs as, when this process is root. */
  readonly user: OperatingSystemUser | undefined;
}

const PROGRAMS = ['postgres', 'pg_ctl', 'initdb', 'pg_verifybackup', 'pg_waldump', 'pg_controldata'] as const;

/** @throws BackupError `tool-missing`, saying what to install. */
export async function findRecoveryTools(major: number, env: NodeJS.ProcessEnv = process.env): Promise<RecoveryTools> {
  const seen: string[] = [];
  for (const directory of toolDirectories(major, env)) {
    const found = await programsIn(directory, PROGRAMS);
    if (found && found.version.major !== major) seen.push(`${found.version.version} in ${directory}`);
    if (found?.version.major !== major) continue;
    const [postgres, pgCtl, initdb, pgVerifybackup, pgWaldump, pgControldata] = found.programs;
    const { psql } = await findPsql(env);
    const combine = await programsIn(directory, ['pg_combinebackup']);
    const pgCombinebackup = combine?.version.version === found.version.version ? combine.programs[0] : undefined;
    const [tar, zstd, user] = await Promise.all([findTar(env), findZstd(env), serverUser()]);
    const programs = { postgres, pgCtl, initdb, pgVerifybackup, pgWaldump, pgControldata, pgCombinebackup };
    return { ...programs, psql, tar, zstd, user };
  }
  throw new BackupError('tool-missing', `no server programs of PostgreSQL ${major} found`, {
    detail: `${describeSearch(seen, env)}; needed are ${PROGRAMS.join(', ')}`,
    hint: installHint('server', major),
  });
}
