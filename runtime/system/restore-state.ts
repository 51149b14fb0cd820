import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { BackupError } from '../errors';
import type { RestoreState, RestoreStateFile } from './restore-set';

/** Keeps the state of a restore in a file, which is replaced as a whole: a crash leaves the old or the new one. */
export function restoreStateFile(file: string): RestoreStateFile {
  return {
    read: async () => {
      try {
        return checked(JSON.parse(await readFile(file, 'utf8')), file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        if (error instanceof BackupError) throw error;
        throw unusable(file, (error as Error).message);
      }
    },
    write: async (state) => {
      await writeFile(`${file}.new`, `${JSON.stringify(state, null, 1)}\n`, { mode: 0o600 });
      await rename(`${file}.new`, file);
    },
    remove: () => rm(file, { force: true }),
  };
}

function checked(value: unknown, file: string): RestoreState {
  const state = value as Partial<RestoreState> | null;
  const counts = Object.values(state?.counts ?? { wrong: -1 });
  const isWhole = typeof state?.set === 'string' && Array.isArray(state.done);
  if (!isWhole || counts.some((count) => !Number.isInteger(count) || count < 0)) {
    throw unusable(file, 'it is not what a restore writes down');
  }
  return state as RestoreState;
}

function unusable(file: string, detail: string): BackupError {
  return new BackupError('restore-failed', `the state of the restore in ${file} cannot be read`, {
    detail,
    hint: 'It says how many tasks each stopped service had. So does the tag postgres-backup:desired-count of the service.',
  });
}
