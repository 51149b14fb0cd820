/** What the synthesised template gives the retaining function: its rights in the vault, its environment, and by which tag the vault deletes. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { AuthorizationRequest } from '../../dev/s3';
import { BackupComponent, BackupPlan, BackupVault, Retention } from '../../lib';

export interface DeployedRetention {
  /** Of S3, sorted. */
  readonly actions: readonly string[];
  /** What the vault's lifecycle rule looks for. */
  readonly lifecycleTag: { readonly Key: string; readonly Value: string };
  /** Of the function, with the name of the bucket in it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether the role's policies allow a request. The tags that a request sets are not known here: a test of the construct looks at that condition. */
  allows(request: AuthorizationRequest): boolean;
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: { readonly StringLike?: { readonly 's3:prefix'?: string[] } };
}

/**
 * @param bucket name of the vault
 * @param mirrors `ended`: it ends mirrors
 */
export function deployedRetention(bucket: string, mirrors: 'none' | 'ended' = 'none'): DeployedRetention {
  const stack = new Stack(new App(), 'Shop');
  const vault = new BackupVault(stack, 'Vault');
  const retention = new Retention(stack, 'Retention', {
    vault,
    sourceName: 'orders',
    component: mirrors === 'ended' ? BackupComponent.OBJECTS : BackupComponent.DUMP,
    plan: BackupPlan.production(),
    encryptionKey: new kms.Key(stack, 'LogKey'),
    deadLetterQueue: new sqs.Queue(stack, 'DeadLetters'),
  });
  if (mirrors === 'ended') vault.grantExpireMirrored(retention.function, 'orders');
  const template = Template.fromStack(stack);
  const statements = statementsOf(template).filter(({ Action }) => [Action].flat()[0].startsWith('s3:'));
  return {
    actions: [...new Set(statements.flatMap(({ Action }) => Action))].sort(),
    lifecycleTag: lifecycleTagOf(template),
    environment: environmentOf(template, bucket),
    allows: (request) => statements.some((statement) => fits(statement, request, bucket)),
  };
}

function statementsOf(template: Template): Statement[] {
  const policies = Object.entries(template.findResources('AWS::IAM::Policy')) as [
    string,
    { Properties: { PolicyDocument: { Statement: Statement[] } } },
  ][];
  const statements = policies
    .filter(([id]) => id.startsWith('RetentionFunctionRole'))
    .flatMap(([, policy]) => policy.Properties.PolicyDocument.Statement);
  if (statements.some(({ Effect }) => Effect !== 'Allow')) throw new Error('a Deny is not understood here');
  return statements;
}

function fits({ Action, Resource, Condition }: Statement, request: AuthorizationRequest, bucket: string): boolean {
  const target = [request.bucket, request.key].filter((part) => part !== undefined).join('/');
  const prefixes = Condition?.StringLike?.['s3:prefix'];
  return (
    [Action].flat().includes(request.action) &&
    [Resource].flat().some((resource) => matches(arnOf(resource, bucket), `arn:aws:s3:::${target}`)) &&
    (prefixes === undefined || prefixes.some((pattern) => matches(pattern, request.conditions['s3:prefix'] ?? '')))
  );
}

/** An ARN of the template, with the bucket's in the place of its reference. */
function arnOf(resource: unknown, bucket: string): string {
  if (typeof resource === 'string') return resource;
  const { 'Fn::Join': join } = resource as { 'Fn::Join'?: [string, unknown[]] };
  if (!join) return `arn:aws:s3:::${bucket}`;
  return join[1].map((part) => (typeof part === 'string' ? part : `arn:aws:s3:::${bucket}`)).join(join[0]);
}

function matches(pattern: string, text: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 's').test(text);
}

function lifecycleTagOf(template: Template): DeployedRetention['lifecycleTag'] {
  const buckets = Object.values(template.findResources('AWS::S3::Bucket')) as {
    Properties: { LifecycleConfiguration: { Rules: { TagFilters?: { Key: string; Value: string }[] }[] } };
  }[];
  const tags = buckets.flatMap(({ Properties }) =>
    Properties.LifecycleConfiguration.Rules.flatMap(({ TagFilters }) => TagFilters ?? []),
  );
  if (tags.length !== 1) throw new Error(`the vault deletes by ${tags.length} tags`);
  return tags[0];
}

function environmentOf(template: Template, bucket: string): Record<string, string> {
  const [{ Properties }] = Object.values(template.findResources('AWS::Lambda::Function')) as {
    Properties: { Environment: { Variables: Record<string, string | { 'Fn::Join': [string, unknown[]] }> } };
  }[];
  const texts = Object.entries(Properties.Environment.Variables).map(([name, value]) => {
    if (typeof value === 'string') return [name, value];
    const [delimiter, parts] = value['Fn::Join'];
    return [name, parts.map((part) => (typeof part === 'string' ? part : bucket)).join(delimiter)];
  });
  return Object.fromEntries(texts) as Record<string, string>;
}
