import { arnOf } from '../account';
import type { Definition } from '../services/state-machines';
import { physicalName, text, type Handler } from './handler';

export const stateMachine: Handler = (resource, cloud) => {
  const name = physicalName(resource);
  const arn = arnOf(cloud.account, 'states', `stateMachine:${name}`);
  cloud.stateMachines.add({
    arn,
    role: cloud.iam.role(text(resource, 'RoleArn')),
    definition: JSON.parse(text(resource, 'DefinitionString')) as Definition,
  });
  return { ref: arn, attributes: { Arn: arn, Name: name } };
};
