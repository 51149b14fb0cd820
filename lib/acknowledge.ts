/**
 * What the rule packs of cdk-nag find in our own constructs and we stand by, with the reason. The library does not need
 * cdk-nag for it: without a pack the notes do nothing.
 */
import { Stack, Validations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/** The packs that carry the same rule under their own names. */
const COMPLIANCE_PACKS = ['NIST.800.53.R5', 'HIPAA.Security', 'PCI.DSS.321'];

/** Acknowledges a rule in whichever of the compliance packs has it. */
export function acknowledgeCompliance(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge(...COMPLIANCE_PACKS.map((pack) => ({ id: `${pack}-${rule}`, reason })));
}

/** Acknowledges a rule of the AwsSolutions pack. */
export function acknowledgeSolutions(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason });
}

/** Acknowledges that the policies below `construct` name exactly this resource, which ends in a wildcard. */
export function acknowledgeWildcardResource(construct: IConstruct, resourceArn: string, reason: string): void {
  const resource = flatten(Stack.of(construct).resolve(resourceArn));
  try {
    acknowledgeSolutions(construct, `IAM5[Resource::${resource}]`, reason);
  } catch (error) {
    // aws-cdk-lib before 2.269 refuses an id with a second '::', as the ARN of a bucket has. There the finding stays.
    if (!(error instanceof Error) || !error.message.includes('Invalid validation rule ID')) throw error;
  }
}

/** Every policy that CDK writes for a role is an inline policy. */
export function acknowledgeInlinePolicies(construct: IConstruct): void {
  acknowledgeCompliance(
    construct,
    'IAMNoInlinePolicy',
    'The policy belongs to one role of one task and lives and dies with it; a managed policy could be attached elsewhere.',
  );
}

/** A CloudFormation value as cdk-nag writes it in the ids of its findings. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value.replace(/\$\{/g, '<').replace(/\}/g, '>');
  const [name, argument] = Object.entries(value as Record<string, unknown>)[0];
  if (name === 'Ref') return `<${String(argument)}>`;
  if (name === 'Fn::GetAtt') return `<${(argument as string[]).join('.')}>`;
  if (name === 'Fn::Join') {
    const [delimiter, items] = argument as [string, unknown[]];
    return items.map(flatten).join(delimiter);
  }
  return JSON.stringify(value);
}
