/**
 * What a plan promises, in the words of the function that keeps the promise: see `model/retention-policy.ts`.
 */
import { Duration, Token } from 'aws-cdk-lib';
import { DEFAULT_MINIMUM_VERIFIED, RetentionPolicy } from '../model';
import { BackupPlan } from './backup-plan';
import { RetentionClass } from './retention-class';

/**
 * Classes that no rule makes are not among them: what a person made (`manual`), a person ends. Only `pre-deployment` is: it is made
 * with each deployment, and nobody looks after it.
 */
export function retentionPolicy(plan: BackupPlan, minimumVerified = DEFAULT_MINIMUM_VERIFIED): RetentionPolicy {
  if (Token.isUnresolved(minimumVerified) || !Number.isInteger(minimumVerified) || minimumVerified < 1) {
    throw new Error(
      `minimumVerified is ${minimumVerified}, but must be a whole number from 1: with none, a vault could end up without a backup that is known to be good`,
    );
  }
  const classes = plan.rules.map((rule) => [rule.retentionClass, { keepSeconds: rule.keepFor.toSeconds() }] as const);
  const preDeployment = { [RetentionClass.PRE_DEPLOYMENT]: { keepSeconds: KEEP_PRE_DEPLOYMENT.toSeconds() } };
  return { classes: { ...preDeployment, ...Object.fromEntries(classes) }, minimumVerified };
}

/** Whoever has not gone back after a week does not go back. */
const KEEP_PRE_DEPLOYMENT = Duration.days(7);
