/** Brings a synthesised stack to life in the stand-in: each resource made by the handler of its type, in the order of its references. */
import { PARTITION, URL_SUFFIX } from './account';
import type { Cloud } from './cloud';
import type { Surroundings } from './resources/handler';
import { REGISTRY } from './resources/registry';
import { StandInError } from './stand-in-error';
import type { SynthesisedStack } from './template/assembly';
import { creationOrder } from './template/order';
import { Resolver, type CreatedResource } from './template/resolve';
import type { Json } from './template/template';

export interface DeployOptions extends Surroundings {
  /** Values of the template's parameters. @default their defaults */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A stack that lives. */
export interface Deployment {
  readonly stackName: string;
  /** What `Ref` of a resource gives. */
  readonly ref: (logicalId: string) => string;
  /** What `Fn::GetAtt` of a resource gives. */
  readonly attribute: (logicalId: string, name: string) => unknown;
  /** Logical ids of a type. */
  readonly ofType: (type: string) => string[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Types that are not lived, and why. */
  readonly notLived: Readonly<Record<string, string>>;
}

export async function deployStack(
  cloud: Cloud,
  stack: SynthesisedStack,
  options: DeployOptions = {},
): Promise<Deployment> {
  refuseUnknown(stack);
  const created = new Map<string, CreatedResource>();
  const lookUp = (logicalId: string): CreatedResource => {
    const found = created.get(logicalId);
    if (found === undefined) throw new StandInError(`the stack ${stack.name} has no resource ${logicalId}`);
    return found;
  };
  const resolver = resolverFor(cloud, stack, options, lookUp);
  const notLived: Record<string, string> = {};
  for (const logicalId of creationOrder(stack.template)) {
    const { Type: type, Properties = {}, Condition } = stack.template.Resources[logicalId];
    if (Condition !== undefined && !resolver.holds(Condition)) continue;
    const entry = REGISTRY[type];
    if ('notLived' in entry) notLived[type] = entry.notLived;
    const create = 'notLived' in entry ? entry.create : entry;
    const properties = resolver.resolve(Properties) as Json;
    created.set(logicalId, await create({ logicalId, type, properties, stack }, cloud, options));
  }
  const outputs = readOutputs(cloud, stack, resolver);
  return {
    stackName: stack.name,
    ref: (logicalId) => lookUp(logicalId).ref,
    attribute: (logicalId, name) => lookUp(logicalId).attributes?.[name],
    ofType: (type) => [...created.keys()].filter((logicalId) => stack.template.Resources[logicalId].Type === type),
    outputs,
    notLived,
  };
}

/** All at once, before anything is made. */
function refuseUnknown({ name, template }: SynthesisedStack): void {
  const unknown = new Set(Object.values(template.Resources).map(({ Type }) => Type));
  for (const type of Object.keys(REGISTRY)) unknown.delete(type);
  if (unknown.size === 0) return;
  throw new StandInError(
    `the stand-in does not know ${[...unknown].sort().join(', ')} in the stack ${name}: ` +
      'say in dev/aws/resources/registry.ts how it is lived, or why it is not',
  );
}

function resolverFor(
  cloud: Cloud,
  { name, template }: SynthesisedStack,
  { parameters }: DeployOptions,
  resource: (logicalId: string) => CreatedResource,
): Resolver {
  const { id, region } = cloud.account;
  return new Resolver({
    template,
    parameters,
    resource,
    imported: (exported) => {
      if (!cloud.exports.has(exported)) throw new StandInError(`no stack exports "${exported}"`);
      return cloud.exports.get(exported);
    },
    pseudo: {
      'AWS::AccountId': id,
      'AWS::Region': region,
      'AWS::Partition': PARTITION,
      'AWS::URLSuffix': URL_SUFFIX,
      'AWS::StackName': name,
      'AWS::StackId': `arn:${PARTITION}:cloudformation:${region}:${id}:stack/${name}/stand-in`,
    },
  });
}

function readOutputs(cloud: Cloud, { template }: SynthesisedStack, resolver: Resolver): Record<string, unknown> {
  const outputs: Record<string, unknown> = {};
  for (const [name, { Value, Export, Condition }] of Object.entries(template.Outputs ?? {})) {
    if (Condition !== undefined && !resolver.holds(Condition)) continue;
    outputs[name] = resolver.resolve(Value);
    if (Export !== undefined) cloud.exports.set(String(resolver.resolve(Export.Name)), outputs[name]);
  }
  return outputs;
}
