import type { SqlError } from '../../postgres/server-error';
import type { Differences } from '../compare/differences';

/** Tells of an error. What this machine lacks, or what was taken from the server before, says nothing of the backup. */
export function sayOf({ sqlState, message }: SqlError, what: string, differences: Differences): void {
  const finding = `${what}: ${message}`;
  if (NOT_OF_THE_BACKUP.has(sqlState)) differences.unverified(finding);
  else differences.failed(finding);
}

/** No such file (a library), no right, no such function, a statement that was cancelled, no room, no memory. */
const NOT_OF_THE_BACKUP: ReadonlySet<string> = new Set(['58P01', '42501', '42883', '57014', '53100', '53200', '0A000']);
