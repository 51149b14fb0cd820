import type { FailureCode } from '../../../../model';
import { BackupError } from '../../../errors';
import { describeExit, type StageExit } from '../../../process/stage';

/** What pg_dump and pg_restore say, in English, and what it means. The first that matches counts. */
const MEANINGS: readonly { readonly said: RegExp; readonly code: FailureCode; readonly hint?: string }[] = [
  {
    said: /aborting because of server version mismatch/,
    code: 'version-mismatch',
    hint: "Use client tools of the server's own major version.",
  },
  {
    said: /would be affected by row-level security/,
    code: 'row-security',
    hint: 'Let the role see every row: ALTER ROLE … BYPASSRLS, or dump as the owner of the table.',
  },
  {
    said: /permission denied/,
    code: 'table-unreadable',
    hint: 'Grant the role what it lacks: GRANT pg_read_all_data TO …; large objects need grants of their own.',
  },
  {
    said: /canceling statement due to lock timeout|could not obtain lock/,
    code: 'table-locked',
    hint: 'Somebody holds the table; raise --lock-timeout, or run the backup at another time.',
  },
  { said: /password authentication failed|no password supplied|no pg_hba\.conf entry/, code: 'authentication-failed' },
  {
    said: /server closed the connection|terminating connection|could not (?:receive|send) data|connection to server .* failed|the database system is|SSL SYSCALL error|Connection (?:reset|timed out)/,
    code: 'server-unreachable',
  },
];

/** A failed dump process as the error a person acts on: by what the tool itself said, else by how it ended. */
export function dumpFailure(failed: StageExit, what: string): BackupError {
  const meaning = MEANINGS.find(({ said }) => said.test(failed.lastWords));
  const killed =
    failed.signal === 'SIGKILL' ? 'SIGKILL often means that the machine or task ran out of memory.' : undefined;
  return new BackupError(meaning?.code ?? 'dump-failed', `${failed.name} of ${what} ${describeExit(failed)}`, {
    detail: failed.lastWords.trim() || undefined,
    hint: meaning?.hint ?? killed,
  });
}

/** Whether trying once more, with a new snapshot, may well succeed: the server went away under the dump. */
export function isPassing(error: unknown): boolean {
  return error instanceof BackupError && error.code === 'server-unreachable';
}
