import { retentionPolicyProblem, type RetentionPolicy } from '../../model';
import { BackupError } from '../errors';

export const POLICY_EXAMPLE = '{"classes":{"daily":{"keepSeconds":2592000}},"minimumVerified":3}';

/** Reads a policy from JSON; `configuration-invalid` with what is wrong as its detail. */
export function parsePolicy(text: string): RetentionPolicy {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`it is not JSON (${(error as Error).message})`);
  }
  const problem = retentionPolicyProblem(value);
  if (problem) throw invalid(problem);
  return value as RetentionPolicy;
}

function invalid(detail: string): BackupError {
  return new BackupError('configuration-invalid', 'the retention policy is not usable', {
    detail,
    hint: `Give JSON such as ${POLICY_EXAMPLE}.`,
  });
}
