/** Whether the key that encrypts the vault can still do so: without it no backup is made and none is restored. */
import { BackupError } from '../../errors';

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
const ATTEMPTS = 4;

/** `Enabled`, `Disabled`, `PendingDeletion` and so on, as AWS KMS has it. */
export type ReadKeyState = (keyArn: string) => Promise<string>;

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html: of all states, those in which data can be read. */
const USABLE: readonly string[] = ['Enabled', 'Updating'];

export function isUsable(keyState: string): boolean {
  return USABLE.includes(keyState);
}

/** @throws BackupError `store-denied` when the state cannot be found out. */
export const readKeyState: ReadKeyState = async (keyArn) => {
  const { DescribeKeyCommand, KMSClient } = await import('@aws-sdk/client-kms');
  const client = new KMSClient({
    region: keyArn.split(':')[3],
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  });
  try {
    const { KeyMetadata: metadata } = await client.send(new DescribeKeyCommand({ KeyId: keyArn }));
    if (metadata?.KeyState !== undefined) return metadata.KeyState;
  } catch (thrown) {
    throw notKnown(keyArn, thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown));
  } finally {
    client.destroy();
  }
  throw notKnown(keyArn, 'the answer has no state');
};

function notKnown(keyArn: string, detail: string): BackupError {
  return new BackupError('store-denied', `it cannot be found out whether ${keyArn} is enabled`, {
    detail,
    hint: 'The function needs kms:DescribeKey on it; the policy of a key of another account must allow it too.',
  });
}
