/** Remembers which permissions of the template calls used, and which calls were refused. */
import type { NamedPolicy, Role, Statement } from './policy';

export interface UnusedPermission {
  readonly role: string;
  readonly action: string;
  readonly resources: readonly string[];
  /** Name of the policy and the statement's number in it, from 1. */
  readonly statement: string;
}

export interface RefusedCall {
  readonly who: string;
  readonly action: string;
  readonly resource: string;
  readonly at: Date;
  /** Whether a policy denies it, or none allows it. */
  readonly why: 'denied' | 'not allowed';
}

export class Usage {
  readonly refused: RefusedCall[] = [];
  private readonly used = new Map<Statement, Set<string>>();

  /** @param action As it stands in the policy: it may hold wildcards. */
  markUsed(statement: Statement, action: string): void {
    const actions = this.used.get(statement) ?? new Set();
    this.used.set(statement, actions.add(action));
  }

  /** What roles are allowed and no call needed. */
  unused(roles: Iterable<Role>): UnusedPermission[] {
    return [...roles].flatMap((role) => role.policies.flatMap((policy) => this.unusedOf(role, policy)));
  }

  private unusedOf(role: Role, { name, document }: NamedPolicy): UnusedPermission[] {
    return document.Statement.flatMap((statement, index) => {
      if (statement.Effect !== 'Allow') return [];
      return [statement.Action ?? []]
        .flat()
        .filter((action) => !this.used.get(statement)?.has(action))
        .map((action) => ({
          role: role.name,
          action,
          resources: [statement.Resource ?? []].flat(),
          statement: `${name} ${index + 1}`,
        }));
    });
  }
}
