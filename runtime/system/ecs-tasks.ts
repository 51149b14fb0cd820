/** Starts the deployed tasks by Amazon ECS, and asks what became of them. */
import type { ECSClient, ECSServiceException as ServiceException, Task } from '@aws-sdk/client-ecs';
import { ENVIRONMENT, type RunConfiguration, type RunnableTask } from '../../model';
import { BackupError } from '../errors';
import {
  overridesOf,
  RefusedForNow,
  type StartedTask,
  type StartRequest,
  type TaskStarter,
  type TaskState,
} from './task';

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;
const ATTEMPTS = 5;
/** A task that was just started may not be known everywhere: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html */
const KNOWN_AFTER_MS = 5 * 60_000;

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
export function ecsTasks(
  configuration: RunConfiguration,
  open: typeof openEcs = openEcs,
  now: () => Date = () => new Date(),
): TaskStarter {
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
      const what = `start ${task.taskDefinition}`;
      const answer = await asked(what, () => client.send(command, { abortSignal: signal }));
      const [started] = answer.tasks ?? [];
      if (started?.taskArn === undefined) {
        const [failure] = answer.failures ?? [];
        throw refusedForNow(what, [failure?.reason, failure?.detail].filter(Boolean).join(': '));
      }
      return startedTask(configuration.cluster, started.taskArn, { startedAt: now(), now }, { client, sdk });
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

/** When a task was started, and the clock that this is by. */
interface TaskClock {
  readonly startedAt: Date;
  readonly now: () => Date;
}

/** A task that was started before. */
export function ecsTask(cluster: string, arn: string, clock: TaskClock, open: typeof openEcs = openEcs): StartedTask {
  return {
    description: `task ${arn.split('/').at(-1)}`,
    arn,
    state: async () => startedTask(cluster, arn, clock, await open()).state(),
  };
}

function startedTask(
  cluster: string,
  arn: string,
  { startedAt, now }: TaskClock,
  { client, sdk }: { client: ECSClient; sdk: EcsSdk },
): StartedTask {
  const description = `task ${arn.split('/').at(-1)}`;
  return {
    description,
    arn,
    state: async () => {
      const command = new sdk.DescribeTasksCommand({ cluster, tasks: [arn] });
      const { tasks = [] } = await asked(`describe ${description}`, () => client.send(command));
      return tasks[0] ? stateOf(tasks[0]) : stateOfUnknown(now().getTime() - startedAt.getTime());
    },
  };
}

/** ECS forgets a task about an hour after it stopped. */
function stateOfUnknown(ageMs: number): TaskState {
  if (ageMs <= KNOWN_AFTER_MS) return { ended: false, status: 'not known to ECS yet' };
  return { ended: true, exitCode: null, reason: 'ECS knows nothing of it any more' };
}

function stateOf(task: Task): TaskState {
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
    throw (isPassing(thrown) ? refusedForNow : refused)(what, `${thrown.name}: ${thrown.message}`, thrown);
  }
}

/** No room, too many calls, a server or a way that failed: not what was asked is wrong. */
function isPassing(error: Error): boolean {
  const { $fault, code = error.name } = error as Partial<ServiceException & NodeJS.ErrnoException>;
  if ($fault === 'server' || PASSING_NETWORK.includes(code)) return true;
  return /throttl|limit ?exceeded/i.test(error.name) || /capacity is unavailable|number of vCPUs/i.test(error.message);
}

const PASSING_NETWORK: readonly string[] = [
  'TimeoutError',
  'ECONNRESET',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EPIPE',
  'EAI_AGAIN',
];

function refusedForNow(what: string, detail: string, cause?: Error): RefusedForNow {
  return new RefusedForNow('task-failed', `ECS did not ${what} now`, {
    detail,
    hint: 'Try again in a while. Where it stays so, look at the room in the subnets of the tasks and at the quotas of Fargate.',
    cause,
  });
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
