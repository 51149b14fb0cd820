import type { PreflightFinding } from '../../components/dump/types';
import { BackupError, toBackupError } from '../../errors';

/** Making findings: one per check, in one of three outcomes or as a warning. */

export function passed(check: string, finding: string): PreflightFinding {
  return { check, outcome: 'passed', finding };
}

export function warning(check: string, finding: string, hint?: string): PreflightFinding {
  return { check, outcome: 'warning', finding, hint };
}

/** What makes a dump fail or lie, with the code and sentences of the error that it would be. */
export function failed(check: string, error: BackupError): PreflightFinding {
  const finding = error.detail === undefined ? error.message : `${error.message}: ${error.detail}`;
  return { check, outcome: 'failed', code: error.code, finding, hint: error.hint };
}

/** Runs a check; one that could not be carried out has not passed. */
export async function carryOut(
  check: string,
  work: () => Promise<PreflightFinding | PreflightFinding[]>,
): Promise<PreflightFinding[]> {
  try {
    return [await work()].flat();
  } catch (thrown) {
    const error = toBackupError(thrown);
    const finding = `could not be checked: ${error.message}`;
    return [{ check, outcome: 'could not verify', code: error.code, finding, hint: error.hint }];
  }
}

/** `a, b, c and 17 more`: enough to begin with, and never a page of names. */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).join(', ');
  return names.length > SHOWN_NAMES ? `${shown} and ${names.length - SHOWN_NAMES} more` : shown;
}

const SHOWN_NAMES = 10;
