import type { FailureCode, Outcome } from '../../model';
import { BackupError, toBackupError } from '../errors';

/** What stopped a drill: the error with the code it deserves, and what that says of the backup. */
export interface Judgement {
  readonly error: BackupError;
  readonly outcome: Exclude<Outcome, 'passed'>;
}

/**
 * A backup that cannot be restored has failed. What has to do with the drill's own means (no room, no time, no programs, no
 * store, no rights) says nothing of the backup: it could not be verified.
 */
export function judge(thrown: unknown, signal: AbortSignal): Judgement {
  const reason: unknown = signal.aborted ? signal.reason : undefined;
  const error = reason instanceof BackupError ? reason : recoded(toBackupError(thrown));
  return { error, outcome: OF_THE_BACKUP.has(error.code) ? 'failed' : 'could not verify' };
}

const OF_THE_BACKUP: ReadonlySet<string> = new Set([
  'point-missing',
  'manifest-invalid',
  'object-missing',
  'object-damaged',
  'archive-damaged',
  'encoding-mismatch',
  'restore-failed',
  'comparison-failed',
  'wal-missing',
  'wal-damaged',
  'wal-foreign',
]);

/** A tool says in words what it ran into. */
function recoded(error: BackupError): BackupError {
  const words = [error.message, error.detail].filter(Boolean).join('\n');
  const cause = CAUSES.find(({ codes, words: pattern }) => codes.includes(error.code) && pattern.test(words));
  if (!cause) return error;
  return new BackupError(cause.code, `${cause.message}: ${error.message}`, {
    detail: error.detail,
    hint: cause.hint,
    cause: error,
  });
}

interface Cause {
  readonly codes: readonly FailureCode[];
  readonly words: RegExp;
  readonly code: FailureCode;
  readonly message: string;
  readonly hint: string;
}

const CAUSES: readonly Cause[] = [
  {
    codes: ['restore-failed', 'tool-failed', 'internal', 'archive-damaged', 'drill-server-ended'],
    words: /No space left on device|ENOSPC|could not extend file|File too large|EFBIG|SIGXFSZ/,
    code: 'disk-full',
    message: 'the drill ran out of disk',
    hint: 'Give the task more ephemeral storage, or set TMPDIR to a larger volume.',
  },
  {
    codes: ['restore-failed'],
    // As `archive-get` says it, into the log of the server that recovers.
    words: /^error: could not (?:read|list|describe) ".*" in /m,
    code: 'store-unreachable',
    message: 'the recovering server could not read the archived log',
    hint: 'Look whether the drill’s role may read it, and whether the store answers; then drill again.',
  },
  {
    codes: ['restore-failed'],
    words: /resource manager with ID \d+ not registered/,
    code: 'extension-missing',
    message: 'the log holds records of an extension, and a drill loads no libraries',
    hint: 'A drill cannot replay them: restore such a server by hand, with the extension preloaded.',
  },
  {
    codes: ['restore-failed', 'tool-failed', 'server-unreachable', 'table-unreadable'],
    words:
      /terminating connection|server closed the connection|connection to server was lost|not yet accepting connections|the connection to .* was lost|could not connect|connection to server on socket .* failed/,
    code: 'drill-server-ended',
    message: "the drill's own server ended",
    hint: 'Most likely memory ran out: give the task more.',
  },
  {
    codes: ['restore-failed', 'tool-failed', 'table-unreadable'],
    words:
      /must be (?:a )?superuser|[Oo]nly (?:superusers|roles with)|permission denied (?:to|for (?:language|function|foreign|routine|parameter|server))|must be owner of (?:extension|event trigger)/,
    code: 'superuser-needed',
    message: 'the dump holds what a drill does not do, because only a superuser may',
    hint: 'What it is stands in the detail. A drill restores as an ordinary role, so that a dump cannot harm whoever tries it.',
  },
];
