/**
 * Who runs this, as AWS knows it: the session of a role, whose name ends in the task's id, or a user. It takes no permission.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */

/** An ARN; or, where there is no finding out, why. */
export type CallerIdentity = () => Promise<string>;

/** Somebody waits for a restore: what is only for the record may hold it up no longer. */
const TIMEOUT_MS = 5_000;

/** Never throws: a restore is not kept back by it. */
export const readCallerIdentity: CallerIdentity = async () => {
  try {
    const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts');
    const client = new STSClient({ maxAttempts: 1 });
    try {
      const abortSignal = AbortSignal.timeout(TIMEOUT_MS);
      const { Arn: arn } = await client.send(new GetCallerIdentityCommand({}), { abortSignal });
      return arn ?? 'not known: the answer names nobody';
    } finally {
      client.destroy();
    }
  } catch (thrown) {
    return `not known: ${thrown instanceof Error ? thrown.name : String(thrown)}`;
  }
};
