import { EXIT, type ExitCode, type FailureCode } from '../model';

/**
 * An error a person acts on, in PostgreSQL's own three parts: what failed, what was seen, what to do.
 * Everything thrown on purpose in runtime/ is one of these; anything else is a defect of ours and reported as `internal`.
 */
export class BackupError extends Error {
  readonly code: FailureCode;
  /** What was seen: a tool's own words, a value, a count. Never a secret. */
  readonly detail?: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly exitCode: ExitCode;

  constructor(
    code: FailureCode,
    message: string,
    rest: { detail?: string; hint?: string; exitCode?: ExitCode; cause?: unknown } = {},
  ) {
    super(message, { cause: rest.cause });
    this.name = 'BackupError';
    this.code = code;
    this.detail = rest.detail;
    this.hint = rest.hint;
    this.exitCode = rest.exitCode ?? EXIT.failed;
  }
}

/** The command line or a setting is wrong; nothing was begun. */
export function usageError(message: string, hint?: string): BackupError {
  return new BackupError('usage', message, { hint, exitCode: EXIT.usage });
}

/** Any thrown thing as a BackupError, so that it can be recorded. */
export function toBackupError(thrown: unknown): BackupError {
  if (thrown instanceof BackupError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new BackupError('internal', message, {
    hint: 'This is a defect of postgres-backup; please report it.',
    cause: thrown,
  });
}
