import type { KMSClient } from '@aws-sdk/client-kms';
import { BackupError } from '../../errors';
import type { EnvelopeKeys } from './types';

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
const ATTEMPTS = 4;
const DATA_KEY_BYTES = 32;

/** The keys of AWS KMS, in the region of their ARN or else of the environment. Throws `key-unusable`. */
export function awsEnvelopeKeys(): EnvelopeKeys {
  return {
    generate: (keyId, context) =>
      withClient(keyId, async (client) => {
        const { GenerateDataKeyCommand } = await import('@aws-sdk/client-kms');
        const command = new GenerateDataKeyCommand({
          KeyId: keyId,
          KeySpec: 'AES_256',
          EncryptionContext: { ...context },
        });
        const { KeyId, Plaintext, CiphertextBlob } = await client.send(command);
        if (KeyId === undefined || Plaintext?.length !== DATA_KEY_BYTES || !CiphertextBlob)
          throw new Error('it gave no key');
        return { keyArn: KeyId, plain: Buffer.from(Plaintext), encrypted: Buffer.from(CiphertextBlob) };
      }),
    decrypt: (encrypted, keyId, context) =>
      withClient(keyId, async (client) => {
        const { DecryptCommand } = await import('@aws-sdk/client-kms');
        const command = new DecryptCommand({
          CiphertextBlob: encrypted,
          KeyId: keyId,
          EncryptionContext: { ...context },
        });
        const { Plaintext } = await client.send(command);
        if (Plaintext?.length !== DATA_KEY_BYTES) throw new Error('it gave no key');
        return Buffer.from(Plaintext);
      }),
  };
}

async function withClient<T>(keyId: string, work: (client: KMSClient) => Promise<T>): Promise<T> {
  const { KMSClient } = await import('@aws-sdk/client-kms');
  const client = new KMSClient({
    region: /^arn:[^:]+:kms:([a-z0-9-]+):/.exec(keyId)?.[1],
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  });
  try {
    return await work(client);
  } catch (thrown) {
    const { name, message } = thrown as Error;
    throw new BackupError('key-unusable', `cannot use the key ${JSON.stringify(keyId)}`, {
      detail: `${name}: ${message}`,
      hint: 'A backup needs kms:GenerateDataKey on it, a restore kms:Decrypt; and both a way to the endpoint of KMS.',
      cause: thrown,
    });
  } finally {
    client.destroy();
  }
}
