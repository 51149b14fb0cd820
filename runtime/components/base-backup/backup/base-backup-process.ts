/** Starts `pg_basebackup`, and says what its failure means. */
import type { FailureCode } from '../../../../model';
import { BackupError } from '../../../errors';
import { childEnvironment, KEEPALIVE_CONNINFO } from '../../../postgres/child-environment';
import { describeExit, startStage, type Stage, type StageExit } from '../../../process/stage';
import type { BaseBackupRun } from './base-backup-run';

/**
 * @param target a directory, or `-` for stdout
 * @param since a file: the `backup_manifest` of the base backup since which changes are asked for; of nothing, everything is
 */
export async function startBaseBackup(
  run: BaseBackupRun,
  target: string,
  signal: AbortSignal,
  since?: string,
): Promise<Stage> {
  const connection = await run.context.server.open();
  return startStage({
    name: 'pg_basebackup',
    file: run.server.tool.program,
    args: [
      '--no-password',
      // Constant; the server and the user are named by the environment.
      `--dbname=${KEEPALIVE_CONNINFO}`,
      `--pgdata=${target}`,
      '--format=tar',
      '--wal-method=none',
      `--checkpoint=${run.request.checkpoint}`,
      `--label=postgres-backup ${run.point}`,
      '--manifest-checksums=SHA256',
      // What is read back is compared with the digests; a machine that goes down while it writes fails the run.
      '--no-sync',
      ...(since === undefined ? [] : [`--incremental=${since}`]),
    ],
    env: childEnvironment(connection),
    stdin: 'ignore',
    stdout: target === '-' ? 'pipe' : 'ignore',
    signal,
  });
}

const MEANINGS: readonly { readonly said: RegExp; readonly code: FailureCode; readonly hint?: string }[] = [
  {
    said: /checksum error|checksum verification failed/,
    code: 'base-backup-failed',
    hint: 'Pages on the server’s disk are damaged: look at its log and its disk. No recovery point was made of them.',
  },
  {
    said: /must be superuser or replication role|permission denied to start WAL sender/,
    code: 'authentication-failed',
    hint: 'ALTER ROLE … REPLICATION, and let it in with the database "replication" in pg_hba.conf.',
  },
  {
    said: /no pg_hba\.conf entry|password authentication failed|no password supplied/,
    code: 'authentication-failed',
    hint: 'pg_hba.conf needs a line for the database "replication", which "all" does not include.',
  },
  { said: /incompatible server version/, code: 'version-mismatch' },
  {
    said: /server closed the connection|terminating connection|could not receive data|connection to server .* failed|SSL SYSCALL error/,
    code: 'server-unreachable',
  },
];

/**
 * What PostgreSQL 17 and 18 say where a full base backup can be made and one of the changes cannot: the account of them is not
 * there, or the one before is of a history that is not this server's.
 */
const NOT_SINCE =
  /WAL summaries are required|WAL summarization is not progressing|manifest requires WAL|found in manifest, but not in this server's history|system identifier in backup manifest/;

/** Whether it failed because changes since another one were asked for, and nothing else is known to be wrong. */
export function lacksChanges(error: unknown): error is BackupError {
  return error instanceof BackupError && error.code === 'base-backup-failed' && NOT_SINCE.test(error.detail ?? '');
}

export function baseBackupFailure(failed: StageExit): BackupError {
  const meaning = MEANINGS.find(({ said }) => said.test(failed.lastWords));
  return new BackupError(meaning?.code ?? 'base-backup-failed', `${failed.name} ${describeExit(failed)}`, {
    detail: failed.lastWords.trim() || undefined,
    hint: meaning?.hint,
  });
}
