import { randomUUID } from 'node:crypto';
import { arnOf } from '../account';
import type { PolicyDocument } from '../iam/policy';
import type { Handler } from './handler';

export const key: Handler = ({ properties }, cloud) => {
  const id = randomUUID();
  const arn = arnOf(cloud.account, 'kms', `key/${id}`);
  const made = cloud.keys.add({ id, arn, policy: properties.KeyPolicy as PolicyDocument });
  made.enabled = properties.Enabled !== false;
  return { ref: id, attributes: { Arn: arn, KeyId: id } };
};
