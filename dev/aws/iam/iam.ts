/**
 * Who may do what: the roles with their policies as they stand in the template, evaluated by a library that knows IAM's rules. It
 * is not IAM: no session policies, no organisation, and conditions see only the keys that the caller of {@link Iam.require} knows.
 */
import { createHash, randomBytes } from 'node:crypto';
import { iamArn, type Account } from '../account';
import { ServiceError } from '../services/service-error';
import { StandInError } from '../stand-in-error';
import { evaluate, type AllowingStatement, type EvaluationRequest } from './evaluate';
import { ADMINISTRATOR, describePrincipal, type PolicyDocument, type Principal, type Role } from './policy';
import { Usage } from './usage';

export interface Call {
  readonly principal: Principal;
  /** As in IAM: `s3:PutObject`. */
  readonly action: string;
  /** ARN. */
  readonly resource: string;
  /** Condition keys that are known. */
  readonly context?: Readonly<Record<string, string | string[]>>;
  /** Of the bucket, key, queue, topic or function. */
  readonly resourcePolicy?: PolicyDocument;
}

/** What holds for every call here. The stand-in speaks plain HTTP on the loopback address; what it stands for speaks TLS. */
const TRANSPORT = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' };

export class Iam {
  readonly usage = new Usage();
  private readonly roles = new Map<string, Role>();
  private readonly principals = new Map<string, Principal>();

  constructor(
    private readonly account: Account,
    private readonly now: () => Date,
    /** Told of each access key. */
    private readonly issued: (credential: Role['credential']) => void,
  ) {}

  addRole(name: string, trust: PolicyDocument): Role {
    const digest = createHash('sha256').update(name).digest('hex').slice(0, 16).toUpperCase();
    const credential = { accessKeyId: `ROLE${digest}`, secretAccessKey: randomBytes(20).toString('hex') };
    const role: Role = { name, arn: iamArn(this.account, `role/${name}`), trust, policies: [], credential };
    this.roles.set(role.arn, role);
    this.principals.set(credential.accessKeyId, { kind: 'role', role });
    this.issued(credential);
    return role;
  }

  /** @param nameOrArn A role of the template, or one that was there before: its policies of the template are known. */
  role(nameOrArn: string): Role {
    const arn = nameOrArn.startsWith('arn:') ? nameOrArn : iamArn(this.account, `role/${nameOrArn}`);
    const role = this.roles.get(arn);
    if (role === undefined) throw new StandInError(`there is no role ${nameOrArn}`);
    return role;
  }

  hasRole(name: string): boolean {
    return this.roles.has(iamArn(this.account, `role/${name}`));
  }

  allRoles(): Role[] {
    return [...this.roles.values()];
  }

  /** Who signs with an access key. */
  principal(accessKeyId: string): Principal | undefined {
    return this.principals.get(accessKeyId);
  }

  addAdministrator(accessKeyId: string): void {
    this.principals.set(accessKeyId, ADMINISTRATOR);
  }

  /** @throws ServiceError `AccessDeniedException` when a policy of the template is in the way, or none allows it. */
  async require(call: Call): Promise<void> {
    if (await this.allows(call)) return;
    const { principal, action, resource } = call;
    throw new ServiceError(
      'AccessDeniedException',
      `${describePrincipal(principal)} is not authorized to perform: ${action} on resource: ${resource}`,
    );
  }

  /** Whether the call may be made. It is remembered either way. */
  async allows(call: Call): Promise<boolean> {
    if (call.principal.kind === 'administrator') return true;
    const { result, allowing } = await evaluate(this.requestOf(call));
    if (result === 'Allowed') this.remember(call, allowing);
    else this.refuse(call, result === 'ExplicitlyDenied' ? 'denied' : 'not allowed');
    return result === 'Allowed';
  }

  /** Whether a service may play a role, by the role's trust policy. */
  async requireAssume(serviceName: string, role: Role, context: Call['context'] = {}): Promise<void> {
    await this.require({
      principal: { kind: 'service', name: serviceName },
      action: 'sts:AssumeRole',
      resource: role.arn,
      resourcePolicy: role.trust,
      context: { 'aws:SourceAccount': this.account.id, ...context },
    });
  }

  private requestOf({ principal, action, resource, resourcePolicy, context = {} }: Call): EvaluationRequest {
    return {
      caller: this.callerOf(principal),
      action,
      resource,
      accountId: this.account.id,
      context: { ...TRANSPORT, ...context },
      policies: principal.kind === 'role' ? principal.role.policies : [],
      resourcePolicy,
    };
  }

  private callerOf(principal: Principal): string {
    if (principal.kind === 'service') return principal.name;
    if (principal.kind === 'administrator') return iamArn(this.account, 'root');
    return `arn:aws:sts::${this.account.id}:assumed-role/${principal.role.name}/stand-in`;
  }

  private remember({ principal }: Call, allowing: readonly AllowingStatement[]): void {
    if (principal.kind !== 'role') return;
    for (const { policyName, identifier, actions } of allowing) {
      const policy = principal.role.policies.find(({ name }) => name === policyName);
      const statement = policy?.document.Statement.find(
        ({ Sid }, index) => identifier === Sid || identifier === String(index + 1),
      );
      if (statement === undefined) throw new StandInError(`there is no statement ${identifier} in ${policyName}`);
      for (const action of actions) this.usage.markUsed(statement, action);
    }
  }

  private refuse({ principal, action, resource }: Call, why: 'denied' | 'not allowed'): void {
    this.usage.refused.push({ who: describePrincipal(principal), action, resource, at: this.now(), why });
  }
}
