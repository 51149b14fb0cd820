import { BackupError } from '../../../errors';
import { toolDirectories } from '../../../postgres/tool-directories';
import { describeSearch, installHint, programsIn } from '../../../postgres/tools';

/** Stock `pg_basebackup`, by absolute path. */
export interface BaseBackupTool {
  readonly program: string;
  readonly version: string;
}

/** @throws BackupError `tool-missing`, saying what to install. */
export async function findBaseBackup(major: number, env: NodeJS.ProcessEnv = process.env): Promise<BaseBackupTool> {
  const seen: string[] = [];
  for (const directory of toolDirectories(major, env)) {
    const found = await programsIn(directory, ['pg_basebackup']);
    if (found?.version.major === major) return { program: found.programs[0], version: found.version.version };
    if (found) seen.push(`${found.version.version} in ${directory}`);
  }
  throw new BackupError('tool-missing', `no pg_basebackup of PostgreSQL ${major} found`, {
    detail: describeSearch(seen, env),
    hint: installHint('client', major),
  });
}
