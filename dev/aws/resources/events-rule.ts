import { arnOf } from '../account';
import type { TargetInput } from '../events/transform';
import type { Json } from '../template/template';
import { optional, physicalName, type Handler } from './handler';

interface TargetProperties extends TargetInput {
  readonly Arn: string;
  readonly RoleArn?: string;
  readonly EcsParameters?: { readonly TaskDefinitionArn: string };
  readonly DeadLetterConfig?: { readonly Arn: string };
}

export const rule: Handler = (resource, cloud) => {
  const { properties } = resource;
  const name = optional(resource, 'Name') ?? physicalName(resource);
  const arn = arnOf(cloud.account, 'events', `rule/${name}`);
  cloud.bus.add({
    arn,
    name,
    pattern: properties.EventPattern as Json | undefined,
    schedule: optional(resource, 'ScheduleExpression'),
    isEnabled: properties.State !== 'DISABLED',
    targets: ((properties.Targets ?? []) as TargetProperties[]).map((target) => ({
      ...target,
      arn: target.Arn,
      taskDefinition: target.EcsParameters?.TaskDefinitionArn,
      role: target.RoleArn === undefined ? undefined : cloud.iam.role(target.RoleArn),
      deadLetterQueue: target.DeadLetterConfig?.Arn,
    })),
  });
  return { ref: name, attributes: { Arn: arn } };
};
