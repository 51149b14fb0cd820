/**
 * What a plan promises, in the words of the function that keeps the promise: see `model/retention-policy.ts`.
 */
import { Token } from 'aws-cdk-lib';
import { DEFAULT_MINIMUM_VERIFIED, RetentionPolicy } from '../model';
import { BackupPlan } from './backup-plan';

/** A class that no rule makes (`manual`, `pre-deployment`) is not among them: what a person made, a person ends. */
export function retentionPolicy(plan: BackupPlan, minimumVerified = DEFAULT_MINIMUM_VERIFIED): RetentionPolicy {
  if (Token.isUnresolved(minimumVerified) || !Number.isInteger(minimumVerified) || minimumVerified < 1) {
    throw new Error(
      `minimumVerified is ${minimumVerified}, but must be a whole number from 1: with none, a vault could end up without a backup that is known to be good`,
    );
  }
  const classes = plan.rules.map((rule) => [rule.retentionClass, { keepSeconds: rule.keepFor.toSeconds() }] as const);
  return { classes: Object.fromEntries(classes), minimumVerified };
}
