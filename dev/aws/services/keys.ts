/** KMS: keys with their policies, and real envelopes (AES-256-GCM) whose encryption context must be the same again. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Iam } from '../iam/iam';
import type { PolicyDocument, Principal } from '../iam/policy';
import { ServiceError } from './service-error';

export interface Key {
  readonly id: string;
  readonly arn: string;
  readonly policy: PolicyDocument;
  enabled: boolean;
  readonly material: Buffer;
}

/** As KMS calls it: names and values that must be the same when it is decrypted. */
export type EncryptionContext = Readonly<Record<string, string>>;

export interface KeyUse {
  readonly principal: Principal;
  readonly action: string;
  readonly context?: EncryptionContext;
  /** Service that uses the key for the principal: `s3.eu-central-1.amazonaws.com`. */
  readonly via?: string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 36;

export class Keys {
  private readonly keys = new Map<string, Key>();

  constructor(private readonly iam: Iam) {}

  add(key: Omit<Key, 'material' | 'enabled'>): Key {
    const added = { ...key, enabled: true, material: randomBytes(32) };
    this.keys.set(key.arn, added);
    return added;
  }

  /** By id or ARN; nothing when it is not of this account's. */
  find(idOrArn: string): Key | undefined {
    return this.keys.get(idOrArn) ?? [...this.keys.values()].find(({ id }) => id === idOrArn);
  }

  get(idOrArn: string): Key {
    const key = this.find(idOrArn);
    if (key === undefined) throw new ServiceError('NotFoundException', `Key '${idOrArn}' does not exist`);
    return key;
  }

  /** @throws ServiceError when policies are in the way. */
  async requireCall(key: Key, use: KeyUse): Promise<void> {
    await this.iam.require(this.callOf(key, use));
  }

  /** @throws ServiceError when policies are in the way, or the key is disabled. */
  async requireUse(key: Key, use: KeyUse): Promise<void> {
    await this.requireCall(key, use);
    if (!key.enabled) throw new ServiceError('DisabledException', `${key.arn} is disabled.`);
  }

  /** The same as an answer. A disabled key may not be used by anybody. */
  async allowsUse(key: Key, use: KeyUse): Promise<boolean> {
    return (await this.iam.allows(this.callOf(key, use))) && key.enabled;
  }

  encrypt(key: Key, plaintext: Buffer, context: EncryptionContext = {}): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key.material, nonce).setAAD(contextBytes(context));
    const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([Buffer.from(key.id.padEnd(KEY_ID_BYTES)), nonce, cipher.getAuthTag(), body]);
  }

  /** The key that a ciphertext names. */
  keyOf(ciphertext: Buffer): Key {
    const key = this.find(ciphertext.subarray(0, KEY_ID_BYTES).toString().trim());
    if (key === undefined) throw invalidCiphertext();
    return key;
  }

  decrypt(key: Key, ciphertext: Buffer, context: EncryptionContext = {}): Buffer {
    const nonceEnd = KEY_ID_BYTES + NONCE_BYTES;
    const tagEnd = nonceEnd + TAG_BYTES;
    try {
      const nonce = ciphertext.subarray(KEY_ID_BYTES, nonceEnd);
      const decipher = createDecipheriv('aes-256-gcm', key.material, nonce).setAAD(contextBytes(context));
      decipher.setAuthTag(ciphertext.subarray(nonceEnd, tagEnd));
      return Buffer.concat([decipher.update(ciphertext.subarray(tagEnd)), decipher.final()]);
    } catch {
      throw invalidCiphertext();
    }
  }

  private callOf({ arn, policy }: Key, { principal, action, context = {}, via }: KeyUse) {
    const known = Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]);
    return {
      principal,
      action,
      resource: arn,
      resourcePolicy: policy,
      context: {
        ...(Object.fromEntries(known) as Record<string, string>),
        'kms:EncryptionContextKeys': Object.keys(context),
        ...(via === undefined ? {} : { 'kms:ViaService': via }),
      },
    };
  }
}

function invalidCiphertext(): ServiceError {
  return new ServiceError('InvalidCiphertextException', 'It was not encrypted with this key and this context.');
}

function contextBytes(context: EncryptionContext): Buffer {
  const entries = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest();
}
