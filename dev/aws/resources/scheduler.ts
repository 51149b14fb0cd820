import { arnOf } from '../account';
import { StandInError } from '../stand-in-error';
import { optional, physicalName, text, type Handler } from './handler';

const DEFAULT_RETRIES = 185;
const DEFAULT_AGE_SECONDS = 86_400;

interface TargetProperties {
  readonly Arn: string;
  readonly RoleArn: string;
  readonly Input?: string;
  readonly EcsParameters?: { readonly TaskDefinitionArn: string };
  readonly DeadLetterConfig?: { readonly Arn: string };
  readonly RetryPolicy?: { readonly MaximumEventAgeInSeconds?: number; readonly MaximumRetryAttempts?: number };
}

export const scheduleGroup: Handler = (resource, cloud) => {
  const name = optional(resource, 'Name') ?? physicalName(resource);
  return { ref: name, attributes: { Arn: arnOf(cloud.account, 'scheduler', `schedule-group/${name}`) } };
};

export const schedule: Handler = (resource, cloud) => {
  const { properties, logicalId } = resource;
  const { Mode } = properties.FlexibleTimeWindow as { Mode: string };
  if (Mode !== 'OFF') throw new StandInError(`${logicalId} has a flexible time window, which is not lived`);
  const name = optional(resource, 'Name') ?? physicalName(resource);
  const groupName = optional(resource, 'GroupName') ?? 'default';
  const arn = arnOf(cloud.account, 'scheduler', `schedule/${groupName}/${name}`);
  const target = properties.Target as TargetProperties;
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds } = target.RetryPolicy ?? {};
  cloud.scheduler.add({
    arn,
    name,
    group: { name: groupName, arn: arnOf(cloud.account, 'scheduler', `schedule-group/${groupName}`) },
    expression: text(resource, 'ScheduleExpression'),
    timeZone: optional(resource, 'ScheduleExpressionTimezone') ?? 'UTC',
    isEnabled: properties.State !== 'DISABLED',
    target: { arn: target.Arn, taskDefinition: target.EcsParameters?.TaskDefinitionArn },
    role: cloud.iam.role(target.RoleArn),
    input: target.Input ?? '{}',
    deadLetterQueue: target.DeadLetterConfig?.Arn,
    maximumRetries: MaximumRetryAttempts ?? DEFAULT_RETRIES,
    maximumAgeMs: (MaximumEventAgeInSeconds ?? DEFAULT_AGE_SECONDS) * 1000,
  });
  return { ref: name, attributes: { Arn: arn } };
};
