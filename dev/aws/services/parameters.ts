/** SSM's Parameter Store. */
import { arnOf, type Account } from '../account';
import type { Iam } from '../iam/iam';
import type { Principal } from '../iam/policy';
import type { Keys } from './keys';
import { ServiceError } from './service-error';

export interface Parameter {
  /** With its path: `/orders/production/feature-flags`. */
  readonly name: string;
  readonly type: 'String' | 'StringList' | 'SecureString';
  value: string;
  readonly version: number;
  /** ARN, of a SecureString. */
  readonly keyArn?: string;
}

export class Parameters {
  private readonly parameters = new Map<string, Parameter>();

  constructor(
    private readonly account: Account,
    private readonly iam: Iam,
    private readonly keys: Keys,
    /** `ssm.eu-central-1.amazonaws.com`. */
    private readonly endpoint: string,
  ) {}

  put(parameter: Omit<Parameter, 'version'>): Parameter {
    const version = (this.parameters.get(parameter.name)?.version ?? 0) + 1;
    const added = { ...parameter, version };
    this.parameters.set(parameter.name, added);
    return added;
  }

  async write(principal: Principal, parameter: Omit<Parameter, 'version'>): Promise<Parameter> {
    await this.iam.require({ principal, action: 'ssm:PutParameter', resource: this.arn(parameter.name) });
    return this.put(parameter);
  }

  async read(principal: Principal, name: string): Promise<Parameter> {
    await this.iam.require({ principal, action: 'ssm:GetParameter', resource: this.arn(name) });
    const found = this.parameters.get(name);
    if (found === undefined) throw new ServiceError('ParameterNotFound', `There is no parameter ${name}.`);
    return this.decrypted(principal, found);
  }

  /** All below a path, by name. */
  async readPath(principal: Principal, path: string, depth: 'all' | 'direct'): Promise<Parameter[]> {
    await this.iam.require({ principal, action: 'ssm:GetParametersByPath', resource: this.arn(path) });
    const prefix = path.endsWith('/') ? path : `${path}/`;
    const found = [...this.parameters.values()]
      .filter(({ name }) => name.startsWith(prefix))
      .filter(({ name }) => depth === 'all' || !name.slice(prefix.length).includes('/'))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return Promise.all(found.map((one) => this.decrypted(principal, one)));
  }

  arn(name: string): string {
    return arnOf(this.account, 'ssm', `parameter/${name.replace(/^\//, '').replace(/\/$/, '')}`);
  }

  private async decrypted(principal: Principal, parameter: Parameter): Promise<Parameter> {
    const key = parameter.keyArn === undefined ? undefined : this.keys.find(parameter.keyArn);
    if (key !== undefined) {
      const context = { PARAMETER_ARN: this.arn(parameter.name) };
      await this.keys.requireUse(key, { principal, action: 'kms:Decrypt', context, via: this.endpoint });
    }
    return parameter;
  }
}
