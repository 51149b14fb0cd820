import { open } from 'node:fs/promises';
import path from 'node:path';
import { systemIdentifierProblem } from '../../model';
import { BackupError } from '../errors';

/**
 * The system identifier of the cluster in a data directory: the first eight bytes of `global/pg_control`, in all versions.
 *
 * @throws BackupError `configuration-invalid` when the directory is none.
 */
export async function readSystemIdentifier(dataDirectory: string): Promise<string> {
  const file = path.join(dataDirectory, 'global', 'pg_control');
  const bytes = Buffer.alloc(8);
  try {
    const handle = await open(file, 'r');
    await handle.read(bytes, 0, bytes.length, 0).finally(() => handle.close());
  } catch (cause) {
    throw noCluster(dataDirectory, (cause as Error).message, cause);
  }
  const identifier = bytes.readBigUInt64LE().toString();
  const problem = systemIdentifierProblem(identifier);
  if (problem) throw noCluster(dataDirectory, `pg_control begins with ${identifier}`);
  return identifier;
}

function noCluster(dataDirectory: string, detail: string, cause?: unknown): BackupError {
  return new BackupError('configuration-invalid', `${JSON.stringify(dataDirectory)} is no data directory`, {
    detail,
    hint: 'archive_command and restore_command run in it; elsewhere, name it with --data-directory.',
    cause,
  });
}
