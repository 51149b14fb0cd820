/** https://docs.aws.amazon.com/kms/latest/APIReference/ */
import { randomBytes } from 'node:crypto';
import type { Principal } from '../iam/policy';
import type { Key, Keys } from '../services/keys';
import type { Json } from '../template/template';
import { textOf, textsOf, type Operations } from './operation';

export function kmsApi(keys: Keys): Operations {
  const usable = async (action: string, principal: Principal, key: Key, request: Json): Promise<Key> => {
    const context = textsOf(request, 'EncryptionContext');
    await keys.requireUse(key, { principal, action: `kms:${action}`, context });
    return key;
  };
  const dataKey = async (action: string, principal: Principal, request: Json) => {
    const key = await usable(action, principal, keys.get(textOf(request, 'KeyId')), request);
    const plaintext = randomBytes(Number(request.NumberOfBytes ?? (request.KeySpec === 'AES_128' ? 16 : 32)));
    const ciphertext = keys.encrypt(key, plaintext, textsOf(request, 'EncryptionContext'));
    return { key, plaintext, CiphertextBlob: ciphertext.toString('base64') };
  };
  return {
    GenerateDataKey: async (request, principal) => {
      const { key, plaintext, CiphertextBlob } = await dataKey('GenerateDataKey', principal, request);
      return { KeyId: key.arn, CiphertextBlob, Plaintext: plaintext.toString('base64') };
    },
    GenerateDataKeyWithoutPlaintext: async (request, principal) => {
      const { key, CiphertextBlob } = await dataKey('GenerateDataKeyWithoutPlaintext', principal, request);
      return { KeyId: key.arn, CiphertextBlob };
    },
    Encrypt: async (request, principal) => {
      const key = await usable('Encrypt', principal, keys.get(textOf(request, 'KeyId')), request);
      const plaintext = Buffer.from(textOf(request, 'Plaintext'), 'base64');
      const ciphertext = keys.encrypt(key, plaintext, textsOf(request, 'EncryptionContext'));
      return {
        KeyId: key.arn,
        CiphertextBlob: ciphertext.toString('base64'),
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      };
    },
    Decrypt: async (request, principal) => {
      const ciphertext = Buffer.from(textOf(request, 'CiphertextBlob'), 'base64');
      const key = await usable('Decrypt', principal, keys.keyOf(ciphertext), request);
      const plaintext = keys.decrypt(key, ciphertext, textsOf(request, 'EncryptionContext'));
      return { KeyId: key.arn, Plaintext: plaintext.toString('base64'), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
    },
    // A disabled key can be described: that is how one learns that it is.
    DescribeKey: async (request, principal) => {
      const key = keys.get(textOf(request, 'KeyId'));
      await keys.requireCall(key, { principal, action: 'kms:DescribeKey' });
      const { id, arn, enabled } = key;
      return { KeyMetadata: { KeyId: id, Arn: arn, Enabled: enabled, KeyState: enabled ? 'Enabled' : 'Disabled' } };
    },
  };
}
