import { EXIT } from '../../model';
import type { BackupError } from '../errors';
import { printable, printableLines, withoutPasswords } from '../observe/printable';
import type { Style } from '../observe/style';

/** `--json` of anything that ended in an error. */
export interface ErrorDocument {
  readonly format: 'postgres-backup/error/1';
  readonly outcome: 'failed' | 'could not verify';
  readonly error: { readonly code: string; readonly message: string; readonly detail?: string; readonly hint?: string };
}

export function errorDocument(error: BackupError): ErrorDocument {
  const { code, message, detail, hint } = error;
  return {
    format: 'postgres-backup/error/1',
    outcome: error.exitCode === EXIT.unverified ? 'could not verify' : 'failed',
    error: {
      code,
      message: withoutPasswords(message),
      detail: detail && withoutPasswords(detail),
      hint: hint && withoutPasswords(hint),
    },
  };
}

/** PostgreSQL's three parts: what failed, what was seen, what to do. */
export function errorLines(error: BackupError, style: Style): string[] {
  const { message, detail, hint } = errorDocument(error).error;
  const word = error.exitCode === EXIT.unverified ? style.unsure('could not verify:') : style.bad('error:');
  const lines = [`${word} ${printable(message)}`];
  if (detail) lines.push(...printableLines(detail).map((line) => `  ${line}`));
  if (hint)
    lines.push(...printableLines(hint).map((line, index) => (index === 0 ? `  hint: ${line}` : `        ${line}`)));
  return lines;
}
