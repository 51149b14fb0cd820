/** Which permissions of the roles no call used, and which calls were refused: what a person reads after a run. */
import type { Cloud } from './cloud';

export interface UseReport {
  /** `<role>: <action> on <resources>`. */
  readonly unused: readonly string[];
  /** `<who>: <action> on <resource>, <why>`, each once. */
  readonly refused: readonly string[];
}

export function describeUse({ iam }: Cloud): UseReport {
  const unused = iam.usage
    .unused(iam.allRoles())
    .map(({ role, action, resources }) => `${role}: ${action} on ${resources.join(', ')}`);
  const refused = iam.usage.refused.map(({ who, action, resource, why }) => `${who}: ${action} on ${resource}, ${why}`);
  return { unused, refused: [...new Set(refused)] };
}
