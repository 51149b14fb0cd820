/** Secrets Manager: secrets as the template makes them, or as they were there before it. */
import type { Call, Iam } from '../iam/iam';
import type { Principal } from '../iam/policy';
import type { Keys } from './keys';
import { ServiceError } from './service-error';

export interface Secret {
  readonly arn: string;
  readonly name: string;
  text: string;
  /** ARN of the key; the account's own when there is none. */
  readonly keyArn?: string;
}

/** What the secret's key is asked for, on behalf of the caller. https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html */
const KEY_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'secretsmanager:GetSecretValue': ['kms:Decrypt'],
  'secretsmanager:PutSecretValue': ['kms:GenerateDataKey', 'kms:Decrypt'],
};

export class Secrets {
  private readonly secrets = new Map<string, Secret>();

  constructor(
    private readonly iam: Iam,
    private readonly keys: Keys,
    /** `secretsmanager.eu-central-1.amazonaws.com`. */
    private readonly endpoint: string,
  ) {}

  add(secret: Secret): void {
    this.secrets.set(secret.arn, secret);
  }

  /** By ARN, by ARN without its six last characters, or by name. */
  get(id: string): Secret {
    const found =
      this.secrets.get(id) ??
      [...this.secrets.values()].find(({ arn, name }) => name === id || arn.replace(/-.{6}$/, '') === id);
    if (found === undefined) {
      throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    }
    return found;
  }

  async read(principal: Principal, id: string): Promise<Secret> {
    return this.allowed(principal, 'secretsmanager:GetSecretValue', id);
  }

  /** Gives a secret that is there another value. */
  async write(principal: Principal, id: string, text: string): Promise<Secret> {
    const secret = await this.allowed(principal, 'secretsmanager:PutSecretValue', id);
    secret.text = text;
    return secret;
  }

  async describe(principal: Principal, id: string): Promise<Secret> {
    return this.allowed(principal, 'secretsmanager:DescribeSecret', id);
  }

  private async allowed(principal: Principal, action: string, id: string): Promise<Secret> {
    const secret = this.get(id);
    const call: Call = { principal, action, resource: secret.arn };
    await this.iam.require(call);
    const key = secret.keyArn === undefined ? undefined : this.keys.find(secret.keyArn);
    const context = { SecretARN: secret.arn };
    if (key === undefined) return secret;
    for (const keyAction of KEY_ACTIONS[action] ?? []) {
      await this.keys.requireUse(key, { principal, action: keyAction, context, via: this.endpoint });
    }
    return secret;
  }
}
