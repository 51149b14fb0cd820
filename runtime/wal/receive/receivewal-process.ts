/** Stock `pg_receivewal`: where it is found, how it is started, and what its end means. */
import type { FailureCode } from '../../../model';
import { BackupError } from '../../errors';
import { childEnvironment, KEEPALIVE_CONNINFO } from '../../postgres/child-environment';
import type { Connection } from '../../postgres/connection';
import { toolDirectories } from '../../postgres/tool-directories';
import { describeSearch, installHint, programsIn } from '../../postgres/tools';
import { describeExit, startStage, type Stage, type StageExit } from '../../process/stage';

/** `pg_receivewal` by absolute path. */
export interface ReceiveTool {
  readonly program: string;
  readonly version: string;
}

/** @throws BackupError `tool-missing`, saying what to install. */
export async function findReceiveWal(major: number, env: NodeJS.ProcessEnv = process.env): Promise<ReceiveTool> {
  const seen: string[] = [];
  for (const directory of toolDirectories(major, env)) {
    const found = await programsIn(directory, ['pg_receivewal']);
    if (found?.version.major === major) return { program: found.programs[0], version: found.version.version };
    if (found) seen.push(`${found.version.version} in ${directory}`);
  }
  throw new BackupError('tool-missing', `no pg_receivewal of PostgreSQL ${major} found`, {
    detail: describeSearch(seen, env),
    hint: installHint('client', major),
  });
}

export interface ReceiveLaunch {
  readonly program: string;
  readonly connection: Connection;
  readonly directory: string;
  /** What `synchronous_standby_names` may call it. */
  readonly applicationName: string;
  /** `synchronous`: it syncs what it gets at once, and tells the server, whose commits may wait for that. */
  readonly mode: 'asynchronous' | 'synchronous';
  readonly signal: AbortSignal;
}

/**
 * Without `--slot`: with it, it would tell the server what is on our disk, and the server would drop what is in no archive yet.
 * Without `--slot` and `--synchronous` it tells nothing at all.
 */
export function startReceiveWal(launch: ReceiveLaunch): Stage {
  const { program, connection, directory, applicationName, mode, signal } = launch;
  return startStage({
    name: 'pg_receivewal',
    file: program,
    args: [
      '--no-password',
      // Constant; the server and the user are named by the environment.
      `--dbname=${KEEPALIVE_CONNINFO}`,
      `--directory=${directory}`,
      // Its end is ours to see, and to tell.
      '--no-loop',
      ...(mode === 'synchronous' ? ['--synchronous'] : []),
    ],
    env: { ...childEnvironment(connection), PGAPPNAME: applicationName },
    stdin: 'ignore',
    stdout: 'ignore',
    signal,
  });
}

const MEANINGS: readonly { readonly said: RegExp; readonly code: FailureCode; readonly hint?: string }[] = [
  {
    said: /requested WAL segment \S+ has already been removed/,
    code: 'wal-missing',
  },
  {
    said: /must be superuser or replication role|permission denied to start WAL sender|no pg_hba\.conf entry|password authentication failed|no password supplied/,
    code: 'authentication-failed',
    hint: 'ALTER ROLE … REPLICATION, and let it in with the database "replication" in pg_hba.conf, which "all" does not include.',
  },
  {
    said: /No space left on device/,
    code: 'disk-full',
    hint: 'What is received lies on the disk until it is archived: --most-unarchived says how much may.',
  },
  { said: /incompatible server version/, code: 'version-mismatch' },
  {
    said: /server closed the connection|terminating connection|could not receive data|connection to server .* failed|SSL SYSCALL error|replication stream was terminated|could not (?:send|connect)/,
    code: 'server-unreachable',
  },
];

/** What its end means; it was not told to end. */
export function receiveFailure(ended: StageExit): BackupError {
  const meaning = MEANINGS.find(({ said }) => said.test(ended.lastWords));
  return new BackupError(meaning?.code ?? 'tool-failed', `${ended.name} ${describeExit(ended)}`, {
    detail: ended.lastWords.trim() || undefined,
    hint: meaning?.hint,
  });
}
