import type { Handler } from './handler';

/** Held until its function is done, or throws what CloudFormation would show. */
export const customResource: Handler = async ({ logicalId, properties }, cloud) => {
  const { physicalId, data } = await cloud.customResources.create(logicalId, properties);
  return { ref: physicalId, attributes: data };
};
