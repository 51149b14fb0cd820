import { BackupError } from '../errors';

/** Gives the text of a secret by its ARN or name. */
export type ReadSecret = (name: string) => Promise<string>;

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
const ATTEMPTS = 4;

/**
 * Reads a secret from AWS Secrets Manager, its current version, in the region of its ARN or else of the environment.
 *
 * @throws BackupError `secret-unreadable`.
 */
export const readSecret: ReadSecret = async (name) => {
  // Loaded only when a secret is used: a laptop's command line need not wait for it.
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient({
    region: regionOf(name),
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  });
  try {
    const { SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    if (text !== undefined) return text;
  } catch (thrown) {
    throw unreadable(name, thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown));
  } finally {
    client.destroy();
  }
  throw unreadable(name, 'it holds bytes, not text');
};

/** `arn:aws:secretsmanager:eu-central-1:…`; nothing for a bare name. */
function regionOf(name: string): string | undefined {
  return /^arn:[^:]+:secretsmanager:([a-z0-9-]+):/.exec(name)?.[1];
}

function unreadable(name: string, detail: string): BackupError {
  return new BackupError('secret-unreadable', `cannot read the secret ${JSON.stringify(name)}`, {
    detail,
    hint: 'The task needs secretsmanager:GetSecretValue on it, kms:Decrypt on its key, and a way to the Secrets Manager endpoint.',
  });
}
