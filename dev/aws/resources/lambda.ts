import { arnOf } from '../account';
import type { Json } from '../template/template';
import { optional, physicalName, text, type Handler } from './handler';

const DEFAULT_TIMEOUT_SECONDS = 3;
/** Of a queue. */
const DEFAULT_BATCH_SIZE = 10;

export const lambdaFunction: Handler = (resource, cloud) => {
  const { properties, stack } = resource;
  const name = optional(resource, 'FunctionName') ?? physicalName(resource);
  const arn = arnOf(cloud.account, 'lambda', `function:${name}`);
  const { S3Key } = properties.Code as { S3Key: string };
  const { Variables = {} } = (properties.Environment ?? {}) as { Variables?: Record<string, string> };
  const { TargetArn } = (properties.DeadLetterConfig ?? {}) as { TargetArn?: string };
  const { LogGroup } = (properties.LoggingConfig ?? {}) as { LogGroup?: string };
  cloud.functions.add({
    name,
    arn,
    folder: stack.assetFolder(S3Key),
    handler: text(resource, 'Handler'),
    timeoutMs: Number(properties.Timeout ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
    environment: Variables,
    role: cloud.iam.role(text(resource, 'Role')),
    logGroup: LogGroup ?? `/aws/lambda/${name}`,
    deadLetterQueue: TargetArn,
  });
  return { ref: name, attributes: { Arn: arn } };
};

export const permission: Handler = (resource, cloud) => {
  const { properties } = resource;
  const called = cloud.functions.get(text(resource, 'FunctionName'));
  const condition = {
    ...(properties.SourceArn === undefined ? {} : { ArnLike: { 'aws:SourceArn': properties.SourceArn } }),
    ...(properties.SourceAccount === undefined
      ? {}
      : { StringEquals: { 'aws:SourceAccount': properties.SourceAccount } }),
  };
  called.permissions.push({
    Sid: resource.logicalId,
    Effect: 'Allow',
    Principal: { Service: text(resource, 'Principal') },
    Action: text(resource, 'Action'),
    Resource: called.arn,
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  });
  return { ref: resource.logicalId };
};

export const eventSourceMapping: Handler = (resource, cloud) => {
  const { BatchSize, MaximumBatchingWindowInSeconds, FunctionResponseTypes } = resource.properties as {
    BatchSize?: number;
    MaximumBatchingWindowInSeconds?: number;
    FunctionResponseTypes?: string[];
  };
  cloud.queuePolling.add({
    queue: cloud.queues.get(text(resource, 'EventSourceArn')),
    function: cloud.functions.get(text(resource, 'FunctionName')),
    batchSize: Number(BatchSize ?? DEFAULT_BATCH_SIZE),
    windowMs: Number(MaximumBatchingWindowInSeconds ?? 0) * 1000,
    reportsFailures: FunctionResponseTypes?.includes('ReportBatchItemFailures') === true,
  });
  return { ref: resource.logicalId };
};

export const eventInvokeConfig: Handler = (resource, cloud) => {
  const called = cloud.functions.get(text(resource, 'FunctionName'));
  const { MaximumRetryAttempts: retries } = resource.properties as Json & { MaximumRetryAttempts?: number };
  if (retries !== undefined) called.retries = retries;
  return { ref: resource.logicalId };
};
