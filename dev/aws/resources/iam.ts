import type { Cloud } from '../cloud';
import type { PolicyDocument, Role } from '../iam/policy';
import { iamArn } from '../account';
import type { Json } from '../template/template';
import { physicalName, text, type Handler } from './handler';

export const role: Handler = (resource, cloud) => {
  const { properties } = resource;
  const name = (properties.RoleName as string | undefined) ?? physicalName(resource);
  const made = cloud.iam.addRole(name, properties.AssumeRolePolicyDocument as PolicyDocument);
  for (const { PolicyName, PolicyDocument } of (properties.Policies ?? []) as InlinePolicy[]) {
    made.policies.push({ name: PolicyName, document: PolicyDocument });
  }
  attachManaged(cloud, made, (properties.ManagedPolicyArns ?? []) as string[]);
  return { ref: name, attributes: { Arn: made.arn, RoleId: `AROA${made.credential.accessKeyId}` } };
};

export const policy: Handler = (resource, cloud) => {
  const name = text(resource, 'PolicyName');
  attach(cloud, name, resource.properties);
  return { ref: name };
};

export const managedPolicy: Handler = (resource, cloud) => {
  const name = (resource.properties.ManagedPolicyName as string | undefined) ?? physicalName(resource);
  const arn = iamArn(cloud.account, `policy/${name}`);
  cloud.managedPolicies.set(arn, resource.properties.PolicyDocument as PolicyDocument);
  attach(cloud, name, resource.properties);
  return { ref: arn, attributes: { PolicyArn: arn } };
};

interface InlinePolicy {
  readonly PolicyName: string;
  readonly PolicyDocument: PolicyDocument;
}

function attach(cloud: Cloud, name: string, { PolicyDocument, Roles = [] }: Json): void {
  for (const roleName of Roles as string[]) {
    existingRole(cloud, roleName).policies.push({ name, document: PolicyDocument as PolicyDocument });
  }
}

/** A role that the template does not make was there before it: whoever is of the account may play it. */
function existingRole(cloud: Cloud, name: string): Role {
  if (cloud.iam.hasRole(name)) return cloud.iam.role(name);
  const root = { AWS: iamArn(cloud.account, 'root') };
  return cloud.iam.addRole(name, { Statement: [{ Effect: 'Allow', Principal: root, Action: 'sts:AssumeRole' }] });
}

function attachManaged(cloud: Cloud, made: Role, arns: readonly string[]): void {
  for (const arn of arns) {
    const document = cloud.managedPolicies.get(arn);
    // AWS's own policies are not known here: what only they allow is refused.
    if (document !== undefined) made.policies.push({ name: arn, document });
  }
}
