import { arnOf } from '../account';
import type { PolicyDocument } from '../iam/policy';
import { optional, physicalName, text, type Handler } from './handler';

export const topic: Handler = (resource, cloud) => {
  const name = optional(resource, 'TopicName') ?? physicalName(resource);
  const arn = arnOf(cloud.account, 'sns', name);
  cloud.topics.add({ arn, name, keyArn: optional(resource, 'KmsMasterKeyId') });
  return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
};

export const topicPolicy: Handler = (resource, cloud) => {
  for (const arn of resource.properties.Topics as string[]) {
    cloud.topics.get(arn).policy = resource.properties.PolicyDocument as PolicyDocument;
  }
  return { ref: resource.logicalId };
};

export const subscription: Handler = (resource, cloud) => {
  const found = cloud.topics.get(text(resource, 'TopicArn'));
  const added = { protocol: text(resource, 'Protocol'), endpoint: text(resource, 'Endpoint') };
  found.subscriptions.push(added);
  return { ref: `${found.arn}:${resource.logicalId}` };
};
