import { RUN_CONFIGURATION_FORMAT, type RunConfiguration } from '../../../model';
import { ecsTasks, openEcs } from '../../../runtime/system/ecs-tasks';
import { RefusedForNow } from '../../../runtime/system/task';
import { failureOf } from '../../support/failure-of';
import { Refusal, startJsonApi, type JsonApi, type Operation } from '../../support/json-api';
import { TIME } from './support';

const CONFIGURATION: RunConfiguration = {
  format: RUN_CONFIGURATION_FORMAT,
  cluster: 'arn:aws:ecs:eu-central-1:111122223333:cluster/shop',
  tasks: [
    {
      component: 'dump',
      taskDefinition: 'ShopBackupDump',
      container: 'backup',
      subnets: ['subnet-1', 'subnet-2'],
      securityGroups: ['sg-1'],
    },
  ],
};
const TASK_ARN = 'arn:aws:ecs:eu-central-1:111122223333:task/shop/0123abcd';
const signal = new AbortController().signal;
const operations: Record<string, Operation> = {};

let api: JsonApi;
beforeAll(async () => (api = await startJsonApi(operations)));
afterAll(() => api.close());
beforeEach(() => {
  api.requests.length = 0;
  operations.RunTask = () => ({ tasks: [{ taskArn: TASK_ARN }], failures: [] });
});

let now = TIME;
beforeEach(() => (now = TIME));

function start(component: 'dump' | 'files' = 'dump') {
  const starter = ecsTasks(
    CONFIGURATION,
    async () => {
      const { sdk } = await openEcs();
      const credentials = { accessKeyId: 'A', secretAccessKey: 'S' };
      const client = new sdk.ECSClient({ endpoint: api.endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 });
      return { client, sdk };
    },
    () => now,
  );
  return starter.start({ component, class: 'pre-deployment', time: TIME }, signal);
}

test('a task is started where the schedule starts it, with the name of the recovery point it makes', async () => {
  expect((await start()).description).toBe('task 0123abcd');
  expect(api.requests).toEqual([
    {
      operation: 'RunTask',
      request: expect.objectContaining({
        cluster: CONFIGURATION.cluster,
        taskDefinition: 'ShopBackupDump',
        launchType: 'FARGATE',
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: ['subnet-1', 'subnet-2'],
            securityGroups: ['sg-1'],
            assignPublicIp: 'DISABLED',
          },
        },
        overrides: {
          containerOverrides: [
            {
              name: 'backup',
              environment: [
                { name: 'POSTGRES_BACKUP_CLASS', value: 'pre-deployment' },
                { name: 'POSTGRES_BACKUP_SCHEDULED_AT', value: '2026-11-20T02:10:00.000Z' },
              ],
            },
          ],
        },
      }) as unknown,
    },
  ]);
});

test.each<[string, object, object]>([
  ['on its way', { lastStatus: 'PROVISIONING' }, { ended: false, status: 'provisioning' }],
  [
    'ended',
    { lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited', containers: [{ exitCode: 1 }] },
    { ended: true, exitCode: 1, reason: 'EssentialContainerExited' },
  ],
  [
    'never started',
    {
      lastStatus: 'STOPPED',
      stopCode: 'TaskFailedToStart',
      stoppedReason: 'CannotPullContainerError',
      containers: [{}],
    },
    { ended: true, exitCode: null, reason: 'TaskFailedToStart: CannotPullContainerError' },
  ],
])('a task that is %s is told as such', async (_name, described, state) => {
  operations.DescribeTasks = () => ({ tasks: [{ taskArn: TASK_ARN, ...described }] });
  expect(await (await start()).state()).toEqual(state);
});

test('a task that ECS does not know yet has not ended; one that it has forgotten has', async () => {
  operations.DescribeTasks = () => ({ tasks: [], failures: [{ arn: TASK_ARN, reason: 'MISSING' }] });
  const task = await start();
  expect(await task.state()).toEqual({ ended: false, status: 'not known to ECS yet' });
  now = new Date(TIME.getTime() + 301_000);
  expect(await task.state()).toMatchObject({ ended: true, exitCode: null });
});

test.each<[string, boolean, () => object]>([
  ['no room', true, () => ({ tasks: [], failures: [{ reason: 'RESOURCE:MEMORY' }] })],
  ['no capacity', true, refusing('ClientException', 'Capacity is unavailable at this time.')],
  ['the quota', true, refusing('LimitExceededException', 'You have reached the limit on the number of vCPUs')],
  ['too many calls', true, refusing('ThrottlingException', 'Rate exceeded')],
  ['a right that is missing', false, refusing('AccessDeniedException', 'not authorized')],
  ['a cluster that is gone', false, refusing('ClusterNotFoundException', 'Cluster not found.')],
])('of a start that is refused for %s it is known whether it may pass: %s', async (_, passes, refuse) => {
  operations.RunTask = refuse;
  expect((await failureOf(start())) instanceof RefusedForNow).toBe(passes);
});

function refusing(code: string, message: string): () => object {
  return () => {
    throw new Refusal(code, message);
  };
}

test('what ECS refuses is an error with its words', async () => {
  operations.RunTask = () => ({ tasks: [], failures: [{ reason: 'RESOURCE:MEMORY', detail: 'none left' }] });
  expect(await failureOf(start())).toMatchObject({ code: 'task-failed', detail: 'RESOURCE:MEMORY: none left' });
  operations.RunTask = () => {
    throw new Refusal('AccessDeniedException', 'not authorized to perform: iam:PassRole');
  };
  const denied = await failureOf(start());
  expect(denied.detail).toBe('AccessDeniedException: not authorized to perform: iam:PassRole');
  expect(denied.hint).toContain('grantRun');
});

test('a component that is not deployed is named, with those that are', async () => {
  expect(await failureOf(start('files'))).toMatchObject({
    code: 'configuration-invalid',
    message: 'no task is deployed for files',
    hint: 'There are tasks for: dump.',
  });
  expect(api.requests).toEqual([]);
});
