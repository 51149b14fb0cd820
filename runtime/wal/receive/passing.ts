import type { FailureCode } from '../../../model';
import type { BackupError } from '../../errors';

/** What may be over at the next try. A password may just be changing. */
const PASSING: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'server-unreachable',
  'authentication-failed',
  'store-unreachable',
  'store-failed',
  'upload-unconfirmed',
  'tool-failed',
]);

export function isPassing({ code }: BackupError): boolean {
  return PASSING.has(code);
}
