import { arnOf } from '../account';
import { service } from '../iam/policy';
import { optional, physicalName, type Handler } from './handler';

/** CloudWatch Logs tries its key when a group gets one: a key that it may not use is refused then. */
export const logGroup: Handler = async (resource, cloud) => {
  const name = optional(resource, 'LogGroupName') ?? physicalName(resource);
  const arn = arnOf(cloud.account, 'logs', `log-group:${name}`);
  const keyArn = optional(resource, 'KmsKeyId');
  const key = keyArn === undefined ? undefined : cloud.keys.find(keyArn);
  if (key !== undefined) {
    const principal = service(`logs.${cloud.account.region}.amazonaws.com`);
    const context = { 'aws:logs:arn': arn };
    for (const action of ['kms:Encrypt', 'kms:GenerateDataKey', 'kms:Decrypt']) {
      await cloud.keys.requireUse(key, { principal, action, context });
    }
  }
  cloud.logs.add({ name, arn: `${arn}:*` });
  return { ref: name, attributes: { Arn: `${arn}:*` } };
};
