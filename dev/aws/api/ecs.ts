/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ */
import type { Iam } from '../iam/iam';
import type { EcsServices, EcsService } from '../services/ecs-services';
import { ServiceError } from '../services/service-error';
import type { Overrides, Task } from '../services/task-definitions';
import type { Tasks } from '../services/tasks';
import { optionalText, seconds, textOf, type Operations } from './operation';

export function ecsApi(tasks: Tasks, services: EcsServices, iam: Iam): Operations {
  const described = (task: Task) => ({
    taskArn: task.taskArn,
    taskDefinitionArn: task.taskDefinitionArn,
    clusterArn: task.clusterArn,
    startedBy: task.startedBy,
    lastStatus: task.lastStatus,
    desiredStatus: task.lastStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING',
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    createdAt: seconds(task.createdAt),
    ...(task.stoppedAt === undefined ? {} : { stoppedAt: seconds(task.stoppedAt) }),
    containers: tasks
      .definition(task.taskDefinitionArn)
      .containers.map(({ Name }) => ({ name: Name, lastStatus: task.lastStatus, exitCode: task.exitCode })),
  });
  const find = (id: string): Task => {
    const task = tasks.get(id);
    if (task === undefined) throw new ServiceError('InvalidParameterException', 'The referenced task was not found.');
    return task;
  };
  return {
    RunTask: async (request, principal) => {
      const task = await tasks.run({
        principal,
        taskDefinition: textOf(request, 'taskDefinition'),
        cluster: textOf(request, 'cluster'),
        overrides: request.overrides as Overrides | undefined,
        startedBy: optionalText(request, 'startedBy'),
      });
      return { tasks: [described(task)], failures: [] };
    },
    DescribeTasks: async (request, principal) => {
      const ids = request.tasks as string[];
      const found = ids.flatMap((id) => tasks.get(id) ?? []);
      for (const { taskArn, clusterArn } of found)
        await iam.require({
          principal,
          action: 'ecs:DescribeTasks',
          resource: taskArn,
          context: { 'ecs:cluster': clusterArn },
        });
      const missing = ids.filter((id) => tasks.get(id) === undefined);
      return { tasks: found.map(described), failures: missing.map((arn) => ({ arn, reason: 'MISSING' })) };
    },
    StopTask: async (request, principal) => {
      const task = find(textOf(request, 'task'));
      await iam.require({ principal, action: 'ecs:StopTask', resource: task.taskArn });
      tasks.stop(task);
      return { task: described(task) };
    },
    DescribeServices: async (request, principal) => {
      const found = (request.services as string[]).map((id) => services.get(id));
      for (const { arn } of found) await iam.require({ principal, action: 'ecs:DescribeServices', resource: arn });
      return { services: found.map((one) => describedService(one, services)), failures: [] };
    },
    UpdateService: async (request, principal) => {
      const service = services.get(textOf(request, 'service'));
      await iam.require({ principal, action: 'ecs:UpdateService', resource: service.arn });
      if (request.desiredCount !== undefined) await services.scale(service, Number(request.desiredCount));
      return { service: describedService(service, services) };
    },
  };
}

function describedService(service: EcsService, services: EcsServices) {
  return {
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: service.cluster,
    desiredCount: service.desiredCount,
    runningCount: services.running(service).length,
    pendingCount: 0,
    status: 'ACTIVE',
    taskDefinition: service.taskDefinition,
  };
}
