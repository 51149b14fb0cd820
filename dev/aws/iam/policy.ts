/** Policies and who they are about. */

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

export interface PolicyDocument {
  readonly Version?: string;
  readonly Statement: readonly Statement[];
}

export interface NamedPolicy {
  readonly name: string;
  readonly document: PolicyDocument;
}

export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A role of the template, with one access key for whoever plays it. */
export interface Role {
  readonly name: string;
  readonly arn: string;
  readonly trust: PolicyDocument;
  readonly policies: NamedPolicy[];
  readonly credential: Credential;
}

/** Who calls. The administrator is whoever set all this up, and may do everything. */
export type Principal =
  | { readonly kind: 'role'; readonly role: Role }
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'administrator' };

export const ADMINISTRATOR: Principal = { kind: 'administrator' };

export function service(name: string): Principal {
  return { kind: 'service', name };
}

export function describePrincipal(principal: Principal): string {
  if (principal.kind === 'role') return principal.role.name;
  return principal.kind === 'service' ? principal.name : 'the administrator';
}
