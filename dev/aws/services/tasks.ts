/** ECS: tasks as processes on this machine. Fargate's network, its sizes, its architecture and the image are not here. */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { arnOf, type Account } from '../account';
import type { Background } from '../background';
import { exitCode, exitOf, startContainer } from '../compute/container-process';
import { movedTime, processEnvironment, type Endpoints } from '../compute/environment';
import type { Iam } from '../iam/iam';
import type { Principal, Role } from '../iam/policy';
import type { Logs } from './logs';
import type { Parameters } from './parameters';
import type { Secrets } from './secrets';
import { StandInError } from '../stand-in-error';
import { ServiceError } from './service-error';
import type { ContainerDefinition, Overrides, Task, TaskDefinition } from './task-definitions';

export interface TaskRequest {
  readonly principal: Principal;
  readonly taskDefinition: string;
  readonly cluster: string;
  readonly overrides?: Overrides;
  readonly startedBy?: string;
  /** Whether the clock waits for its end: not for a service's, which has none. @default true */
  readonly isAwaited?: boolean;
}

interface Services {
  readonly account: Account;
  readonly iam: Iam;
  readonly logs: Logs;
  readonly secrets: Secrets;
  readonly parameters: Parameters;
  readonly background: Background;
  readonly now: () => Date;
  readonly endpoints: () => Endpoints;
  /** What is different in a container on this machine: a server without TLS, for example. */
  readonly localEnvironment: Readonly<Record<string, string>>;
  /** Told of each change of a task's state. */
  readonly changed: (task: Task, containers: readonly string[]) => void;
}

const TASKS_SERVICE = 'ecs-tasks.amazonaws.com';

export class Tasks {
  readonly tasks: Task[] = [];
  private readonly definitions = new Map<string, TaskDefinition>();
  private readonly processes = new Map<string, ChildProcess>();

  constructor(private readonly services: Services) {}

  define(definition: TaskDefinition): void {
    this.definitions.set(definition.arn, definition);
  }

  /** By ARN, or by family. */
  definition(id: string): TaskDefinition {
    const found =
      this.definitions.get(id) ??
      [...this.definitions.values()].find(({ family, arn }) => family === id || arn.replace(/:\d+$/, '') === id);
    if (found === undefined) throw new ServiceError('ClientException', `Unable to find the task definition ${id}.`);
    return found;
  }

  /** @throws ServiceError when the caller may not. That a task cannot start is told by its state. */
  async run(request: TaskRequest): Promise<Task> {
    const { taskDefinition, cluster, startedBy } = request;
    const definition = this.definition(taskDefinition);
    if (definition.notLived.length > 0) {
      throw new StandInError(
        `a task of ${definition.family} needs ${definition.notLived.join(', ')}, which is not lived`,
      );
    }
    await this.requireRun(request, definition);
    const { account, background, now } = this.services;
    const clusterName = cluster.slice(cluster.lastIndexOf('/') + 1);
    const task: Task = {
      taskArn: arnOf(account, 'ecs', `task/${clusterName}/${randomBytes(16).toString('hex')}`),
      taskDefinitionArn: definition.arn,
      clusterArn: cluster,
      startedBy,
      createdAt: now(),
      lastStatus: 'PENDING',
    };
    this.tasks.push(task);
    const { isAwaited = true, overrides = {} } = request;
    const live = (): Promise<void> => this.live(task, definition, overrides);
    if (isAwaited) background.run(live);
    else background.runApart(live);
    return task;
  }

  get(arnOrId: string): Task | undefined {
    return this.tasks.find(({ taskArn }) => taskArn === arnOrId || taskArn.endsWith(`/${arnOrId}`));
  }

  /** As ECS stops a task; SIGKILL is what happens to one whose machine goes. */
  stop(task: Task, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): void {
    task.stopCode = 'UserInitiated';
    this.processes.get(task.taskArn)?.kill(signal);
  }

  async close(): Promise<void> {
    const ended = [...this.processes.values()].map((child) => exitOf(child));
    for (const child of this.processes.values()) child.kill('SIGKILL');
    await Promise.all(ended);
  }

  private async requireRun({ principal, cluster }: TaskRequest, definition: TaskDefinition): Promise<void> {
    const { iam } = this.services;
    const context = { 'ecs:cluster': cluster };
    await iam.require({ principal, action: 'ecs:RunTask', resource: definition.arn, context });
    for (const role of [definition.taskRole, definition.executionRole]) {
      if (role === undefined) continue;
      const passed = { 'iam:PassedToService': TASKS_SERVICE };
      await iam.require({ principal, action: 'iam:PassRole', resource: role.arn, context: passed });
    }
  }

  private async live(task: Task, definition: TaskDefinition, overrides: Overrides): Promise<void> {
    const containers = definition.containers.map(({ Name }) => Name);
    const [container] = definition.containers;
    try {
      const env = await this.prepare(task, definition, container, overrides);
      task.lastStatus = 'RUNNING';
      this.services.changed(task, containers);
      task.exitCode = await this.runContainer(task, container, overrides, env);
      task.stopCode ??= 'EssentialContainerExited';
      task.stoppedReason = 'Essential container in task exited';
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      task.stopCode = 'TaskFailedToStart';
      task.stoppedReason = `ResourceInitializationError: ${error.message}`;
    }
    task.lastStatus = 'STOPPED';
    task.stoppedAt = this.services.now();
    this.services.changed(task, containers);
  }

  /** What Fargate does before the container starts, by the execution role. */
  private async prepare(
    { taskArn }: Task,
    { executionRole, taskRole }: TaskDefinition,
    container: ContainerDefinition,
    overrides: Overrides,
  ): Promise<Record<string, string>> {
    if (executionRole !== undefined) await this.prepareAs(executionRole, container);
    if (taskRole !== undefined) await this.assume(taskRole);
    const { endpoints, localEnvironment, now } = this.services;
    const credential = taskRole?.credential ?? { accessKeyId: 'NONE', secretAccessKey: 'none' };
    const own = Object.fromEntries((container.Environment ?? []).map(({ Name, Value }) => [Name, Value]));
    const override = overrides.containerOverrides?.find(({ name }) => name === container.Name);
    const given = Object.fromEntries((override?.environment ?? []).map(({ name, value }) => [name, value]));
    return {
      ...processEnvironment(endpoints(), credential),
      // By which a program knows that it runs in a task. Nothing answers there.
      ECS_CONTAINER_METADATA_URI_V4: `${endpoints().others}/v4/${taskId(taskArn)}`,
      ...own,
      ...(await this.secretsOf(executionRole, container)),
      ...given,
      ...localEnvironment,
      ...movedTime(now()),
    };
  }

  private async prepareAs(role: Role, { Image, LogConfiguration }: ContainerDefinition): Promise<void> {
    const { iam, account, logs } = this.services;
    const principal: Principal = { kind: 'role', role };
    await this.assume(role);
    const [, repository] = /\.dkr\.ecr\.[^/]+\/([^:@]+)/.exec(Image) ?? [];
    if (repository !== undefined) {
      await iam.require({ principal, action: 'ecr:GetAuthorizationToken', resource: '*' });
      const resource = arnOf(account, 'ecr', `repository/${repository}`);
      for (const action of ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage']) {
        await iam.require({ principal, action, resource });
      }
    }
    const group = LogConfiguration?.Options?.['awslogs-group'];
    if (group !== undefined && !(await logs.mayWrite(principal, group))) {
      throw new ServiceError('AccessDeniedException', `failed to create a stream in the log group ${group}`);
    }
  }

  private async assume(role: Role): Promise<void> {
    const context = { 'aws:SourceArn': arnOf(this.services.account, 'ecs', '*') };
    await this.services.iam.requireAssume(TASKS_SERVICE, role, context);
  }

  /** `arn:…:secret:name-123456[:field::]`, or a parameter's ARN or name. */
  private async secretsOf(
    executionRole: Role | undefined,
    { Secrets = [] }: ContainerDefinition,
  ): Promise<Record<string, string>> {
    const { secrets, parameters } = this.services;
    const found: Record<string, string> = {};
    for (const { Name, ValueFrom } of Secrets) {
      if (executionRole === undefined) throw new ServiceError('ClientException', 'A secret needs an execution role.');
      const principal: Principal = { kind: 'role', role: executionRole };
      const parts = ValueFrom.split(':');
      if (parts[2] === 'secretsmanager') {
        const { text } = await secrets.read(principal, parts.slice(0, 7).join(':'));
        found[Name] = parts[7] ? String((JSON.parse(text) as Record<string, unknown>)[parts[7]]) : text;
      } else {
        found[Name] = (await parameters.read(principal, ValueFrom.replace(/^arn:.*?:parameter\/?/, '/'))).value;
      }
    }
    return found;
  }

  private async runContainer(
    task: Task,
    container: ContainerDefinition,
    { containerOverrides }: Overrides,
    env: Record<string, string>,
  ): Promise<number> {
    const override = containerOverrides?.find(({ name }) => name === container.Name);
    const child = startContainer({ command: override?.command ?? container.Command ?? [], env });
    this.processes.set(task.taskArn, child);
    // It may have been stopped before there was a process to stop.
    if (task.stopCode === 'UserInitiated') child.kill('SIGTERM');
    const { logs } = this.services;
    const group = container.LogConfiguration?.Options?.['awslogs-group'] ?? 'no log group';
    const stream = taskId(task.taskArn);
    const [exit] = await Promise.all([
      exitOf(child),
      logs.follow(group, stream, child.stdout ?? undefined),
      logs.follow(group, stream, child.stderr ?? undefined),
    ]);
    this.processes.delete(task.taskArn);
    return exitCode(exit);
  }
}

function taskId(taskArn: string): string {
  return taskArn.slice(taskArn.lastIndexOf('/') + 1);
}
