import { optional, physicalName, text, type Handler } from './handler';

export const parameter: Handler = (resource, cloud) => {
  const name = optional(resource, 'Name') ?? `/${physicalName(resource)}`;
  const value = text(resource, 'Value');
  const type = text(resource, 'Type') === 'StringList' ? 'StringList' : 'String';
  cloud.parameters.put({ name, value, type });
  return { ref: name, attributes: { Type: type, Value: value } };
};
