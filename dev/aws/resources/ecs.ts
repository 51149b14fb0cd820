import { arnOf } from '../account';
import type { ContainerDefinition } from '../services/task-definitions';
import type { Cloud } from '../cloud';
import { optional, physicalName, text, type DeclaredResource, type Handler } from './handler';

export const cluster: Handler = (resource, cloud) => {
  const name = optional(resource, 'ClusterName') ?? physicalName(resource);
  return { ref: name, attributes: { Arn: arnOf(cloud.account, 'ecs', `cluster/${name}`) } };
};

export const taskDefinition: Handler = (resource, cloud) => {
  const family = optional(resource, 'Family') ?? physicalName(resource);
  const arn = arnOf(cloud.account, 'ecs', `task-definition/${family}:1`);
  cloud.tasks.define({
    arn,
    family,
    containers: resource.properties.ContainerDefinitions as ContainerDefinition[],
    taskRole: roleOf(cloud, resource, 'TaskRoleArn'),
    executionRole: roleOf(cloud, resource, 'ExecutionRoleArn'),
    notLived: notLived(resource),
  });
  return { ref: arn, attributes: { TaskDefinitionArn: arn } };
};

/** It starts nothing by itself: `cloud.ecsServices.scale` does, when the test is ready for it. */
export const service: Handler = (resource, cloud) => {
  const name = optional(resource, 'ServiceName') ?? physicalName(resource);
  const clusterName = optional(resource, 'Cluster') ?? 'default';
  const arn = arnOf(cloud.account, 'ecs', `service/${clusterName}/${name}`);
  cloud.ecsServices.add({
    arn,
    name,
    cluster: arnOf(cloud.account, 'ecs', `cluster/${clusterName}`),
    taskDefinition: text(resource, 'TaskDefinition'),
    desiredCount: 0,
  });
  return { ref: arn, attributes: { Name: name, ServiceArn: arn } };
};

/** A stack that has them can be deployed; a task that needs them cannot be run. */
function notLived({ properties }: DeclaredResource): string[] {
  const { Volumes = [], ContainerDefinitions = [] } = properties as {
    Volumes?: { Name: string; EFSVolumeConfiguration?: unknown }[];
    ContainerDefinitions?: { Name: string }[];
  };
  const shared = Volumes.filter(({ EFSVolumeConfiguration }) => EFSVolumeConfiguration !== undefined);
  const [, ...sidecars] = ContainerDefinitions;
  return [
    ...shared.map(({ Name }) => `the file system of the volume "${Name}"`),
    ...sidecars.map(({ Name }) => `the second container "${Name}"`),
  ];
}

function roleOf(cloud: Cloud, resource: DeclaredResource, name: string) {
  const arn = optional(resource, name);
  return arn === undefined ? undefined : cloud.iam.role(arn);
}
