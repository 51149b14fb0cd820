import { EXIT, type ExitCode } from '../../model';

/** What the process ends with when a run ended so. */
export type EndingCode = (exitCode: ExitCode) => number;

/**
 * PostgreSQL takes every exit code of `restore_command` from 1 to 125 for "there is no such file": recovery ends there, without a
 * word. So of `archive-get` only what is certain ends so, and all else, wrong usage and SIGTERM too, ends above 125.
 * See `RestoreArchivedFile` in src/backend/access/transam/xlogarchive.c.
 */
export function endingCodeOf(argv: readonly string[]): EndingCode {
  if (argv[0] !== 'archive-get') return (exitCode) => exitCode;
  return (exitCode) => (exitCode === EXIT.ok || exitCode === EXIT.notArchived ? exitCode : EXIT.recoveryMustStop);
}
