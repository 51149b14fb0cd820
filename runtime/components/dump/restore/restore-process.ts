import { BackupError } from '../../../errors';
import { childEnvironment, KEEPALIVE_CONNINFO } from '../../../postgres/child-environment';
import type { ConnectionSource } from '../../../postgres/connection';
import type { PostgresTools } from '../../../postgres/tools';
import { describeExit, startStage, type Stage, type StageExit } from '../../../process/stage';
import type { RestoreRequest } from '../types';

/** What every pg_restore of one restore shares. */
export interface RestoreProcess {
  readonly server: ConnectionSource;
  readonly database: string;
  readonly tools: PostgresTools;
  readonly ownership: RestoreRequest['ownership'];
  readonly signal: AbortSignal;
}

/**
 * Starts a stock `pg_restore`. Any error ends it (`--exit-on-error`): "errors ignored on restore" is how half a database
 * comes to look whole. Reads `file`, or stdin.
 */
export async function startRestore(
  process: RestoreProcess,
  args: readonly string[],
  input: { readonly file: string } | 'stdin',
): Promise<Stage> {
  const connection = await process.server.open(process.database);
  return startStage({
    name: 'pg_restore',
    file: process.tools.pgRestore,
    args: [
      '--exit-on-error',
      '--no-password',
      `--dbname=${KEEPALIVE_CONNINFO}`,
      ...(process.ownership === 'connecting user' ? ['--no-owner', '--no-privileges'] : []),
      ...args,
      ...(input === 'stdin' ? [] : [input.file]),
    ],
    env: childEnvironment(connection),
    stdin: input === 'stdin' ? 'pipe' : 'ignore',
    stdout: 'ignore',
    signal: process.signal,
  });
}

export function restoreFailure(what: string): (failed: StageExit) => BackupError {
  return (failed) =>
    new BackupError('restore-failed', `${failed.name} of ${what} ${describeExit(failed)}`, {
      detail: failed.lastWords.trim() || undefined,
      hint: /role ".*" does not exist/.test(failed.lastWords)
        ? 'Pass --roles to restore roles first, or --no-owner to leave owners and grants out.'
        : undefined,
    });
}
