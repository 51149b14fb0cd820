import { arnOf } from '../account';
import type { PolicyDocument } from '../iam/policy';
import { optional, physicalName, type Handler } from './handler';

interface QueueProperties {
  readonly VisibilityTimeout?: number;
  readonly RedrivePolicy?: { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number };
}

const DEFAULT_VISIBILITY_SECONDS = 30;

export const queue: Handler = (resource, cloud) => {
  const name = optional(resource, 'QueueName') ?? physicalName(resource);
  const { id, region } = cloud.account;
  const url = `https://sqs.${region}.amazonaws.com/${id}/${name}`;
  const arn = arnOf(cloud.account, 'sqs', name);
  const { RedrivePolicy, VisibilityTimeout } = resource.properties as QueueProperties;
  cloud.queues.add({
    arn,
    name,
    url,
    visibilityTimeoutMs: Number(VisibilityTimeout ?? DEFAULT_VISIBILITY_SECONDS) * 1000,
    redrive: RedrivePolicy && {
      deadLetterQueue: RedrivePolicy.deadLetterTargetArn,
      maxReceiveCount: Number(RedrivePolicy.maxReceiveCount),
    },
  });
  return { ref: url, attributes: { Arn: arn, QueueName: name, QueueUrl: url } };
};

export const queuePolicy: Handler = (resource, cloud) => {
  for (const url of resource.properties.Queues as string[]) {
    cloud.queues.get(url).policy = resource.properties.PolicyDocument as PolicyDocument;
  }
  return { ref: resource.logicalId };
};
