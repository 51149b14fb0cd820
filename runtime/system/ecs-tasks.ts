/** Starts the deployed tasks by Amazon ECS, and asks what became of them. */
import type { ECSClient, Task } from '@aws-sdk/client-ecs';
import { ENVIRONMENT, type RunConfiguration, type RunnableTask } from '../../model';
import { BackupError } from '../errors';
import { overridesOf, type StartedTask, type StartRequest, type TaskStarter, type TaskState } from './task';

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;
const ATTEMPTS = 5;

export type EcsSdk = typeof import('@aws-sdk/client-ecs');

export async function openEcs(): Promise<{ client: ECSClient; sdk: EcsSdk }> {
  const sdk = await import('@aws-sdk/client-ecs');
  const client = new sdk.ECSClient({
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  });
  return { client, sdk };
}

/** `task-failed` where ECS refuses. */
export function ecsTasks(configuration: RunConfiguration, open: typeof openEcs = openEcs): TaskStarter {
  const opened = lazily(open);
  return {
    start: async (request, signal) => {
      const task = taskOf(configuration, request);
      const { client, sdk } = await opened();
      const command = new sdk.RunTaskCommand({
        cluster: configuration.cluster,
        taskDefinition: task.taskDefinition,
        count: 1,
        launchType: 'FARGATE',
        platformVersion: '1.4.0',
        startedBy: 'postgres-backup run',
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: [...task.subnets],
            securityGroups: [...task.securityGroups],
            assignPublicIp: 'DISABLED',
          },
        },
        overrides: { containerOverrides: [{ name: task.container, environment: environmentOf(request) }] },
      });
      const answer = await asked(`start ${task.taskDefinition}`, () => client.send(command, { abortSignal: signal }));
      const [started] = answer.tasks ?? [];
      if (started?.taskArn === undefined) {
        const [failure] = answer.failures ?? [];
        throw refused(`start ${task.taskDefinition}`, [failure?.reason, failure?.detail].filter(Boolean).join(': '));
      }
      return startedTask(configuration.cluster, started.taskArn, { client, sdk });
    },
  };
}

function taskOf({ tasks }: RunConfiguration, { component }: StartRequest): RunnableTask {
  const task = tasks.find((one) => one.component === component);
  if (task) return task;
  throw new BackupError('configuration-invalid', `no task is deployed for ${component}`, {
    hint: `There are tasks for: ${tasks.map((one) => one.component).join(', ')}.`,
  });
}

function environmentOf(request: StartRequest): { name: string; value: string }[] {
  const values = overridesOf(request);
  return [
    { name: ENVIRONMENT.class, value: values.class },
    { name: ENVIRONMENT.scheduledAt, value: values.scheduledAt },
  ];
}

/** A task that was started before. */
export function ecsTask(cluster: string, arn: string, open: typeof openEcs = openEcs): StartedTask {
  return {
    description: `task ${arn.split('/').at(-1)}`,
    arn,
    state: async () => startedTask(cluster, arn, await open()).state(),
  };
}

function startedTask(cluster: string, arn: string, { client, sdk }: { client: ECSClient; sdk: EcsSdk }): StartedTask {
  const description = `task ${arn.split('/').at(-1)}`;
  return {
    description,
    arn,
    state: async () => {
      const command = new sdk.DescribeTasksCommand({ cluster, tasks: [arn] });
      const { tasks = [] } = await asked(`describe ${description}`, () => client.send(command));
      return stateOf(tasks[0]);
    },
  };
}

/** ECS forgets a task about an hour after it stopped. */
function stateOf(task: Task | undefined): TaskState {
  if (!task) return { ended: true, exitCode: null, reason: 'ECS knows nothing of it any more' };
  if (task.lastStatus !== 'STOPPED') return { ended: false, status: (task.lastStatus ?? 'unknown').toLowerCase() };
  const [container] = task.containers ?? [];
  const reasons = [task.stopCode, task.stoppedReason, container?.reason].filter(Boolean);
  return { ended: true, exitCode: container?.exitCode ?? null, reason: reasons.join(': ') };
}

/** Calls AWS, whose refusals become ours. */
export async function asked<Answer>(what: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    throw refused(what, `${thrown.name}: ${thrown.message}`, thrown);
  }
}

function refused(what: string, detail: string, cause?: Error): BackupError {
  return new BackupError('task-failed', `ECS did not ${what}`, {
    detail,
    hint: 'The caller needs ecs:RunTask, ecs:DescribeTasks and iam:PassRole on the roles of the task: see backup.grantRun.',
    cause,
  });
}

function lazily<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => (made ??= make());
}
