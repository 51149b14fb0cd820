import { optional, physicalName, type Handler } from './handler';

export const alarm: Handler = (resource, cloud) => {
  const name = optional(resource, 'AlarmName') ?? physicalName(resource);
  const arn = cloud.alarms.add(resource.logicalId, name, resource.properties);
  return { ref: name, attributes: { Arn: arn } };
};
